import { useNavigate, useParams } from "@tanstack/react-router";
import { useCallback } from "react";
import type { Id, Interaction } from "../client/contract";
import { myLeg, type Work } from "../client/work";

/** The interaction that is open, kept in the address so that a reload and the back button find it. */
export function useChosen(): { id: Id | null; choose: (id: Id | null) => void } {
  const params = useParams({ strict: false });
  const navigate = useNavigate();
  const choose = useCallback(
    (id: Id | null) =>
      void (id ? navigate({ to: "/interactions/$id", params: { id } }) : navigate({ to: "/" })),
    [navigate],
  );
  return { id: params.id ?? null, choose };
}

export type Group = "active" | "wrap_up" | "parked";

export const GROUPS: Group[] = ["active", "wrap_up", "parked"];

export function groupOf(interaction: Interaction, work: Work): Group {
  if (interaction.state === "parked") return "parked";
  return myLeg(interaction, work.agentId)?.state === "wrap_up" ? "wrap_up" : "active";
}

/** My work in the order in which it is listed: by group, then by age. */
export function listed(work: Work): Interaction[] {
  const all = Object.values(work.interactions);
  return GROUPS.flatMap((group) =>
    all
      .filter((item) => groupOf(item, work) === group)
      .sort((a, b) => a.created_at.localeCompare(b.created_at) || a.id.localeCompare(b.id)),
  );
}
