import { useHotkeys } from "@mantine/hooks";
import { useEffect, useRef } from "react";
import { useAcceptOffer, useDeclineOffer, useSetPresence } from "./actions";
import { listed, useChosen } from "./chosen";
import { useWork } from "./desk";

export const SHORTCUTS = [
  { keys: ["Alt", "A"], name: "accept" },
  { keys: ["Alt", "D"], name: "decline" },
  { keys: ["Alt", "↓"], name: "next" },
  { keys: ["Alt", "↑"], name: "previous" },
  { keys: ["Alt", "R"], name: "reply" },
  { keys: ["Alt", "M"], name: "template" },
  { keys: ["Ctrl", "Enter"], name: "send" },
  { keys: ["Alt", "F"], name: "search" },
  { keys: ["Alt", "C"], name: "customer" },
  { keys: ["Alt", "T"], name: "transfer" },
  { keys: ["Alt", "H"], name: "hold" },
  { keys: ["Alt", "P"], name: "available" },
  { keys: ["?"], name: "help" },
] as const;

const EVERYWHERE: string[] = [];

/** Alt works while typing too; plain keys do not. */
export function useDeskShortcuts(openHelp: () => void): void {
  const work = useWork();
  const { id, choose } = useChosen();
  const accept = useAcceptOffer();
  const decline = useDeclineOffer();
  const presence = useSetPresence();
  const first = Object.values(work.offers).sort((a, b) => a.deadline - b.deadline)[0];
  const step = (by: number) => {
    const items = listed(work);
    const at = items.findIndex((item) => item.id === id);
    const next = items[(at + by + items.length) % Math.max(1, items.length)] ?? items[0];
    if (next) choose(next.id);
  };
  const take = () =>
    first && accept.mutate(first.offer_id, { onSuccess: () => choose(first.interaction_id) });
  useHotkeys(
    [
      ["alt+A", () => void take()],
      ["alt+D", () => void (first?.decline === "allowed" && decline.mutate({ offerId: first.offer_id }))],
      ["alt+ArrowDown", () => step(1)],
      ["alt+ArrowUp", () => step(-1)],
      ["alt+R", () => document.getElementById("composer")?.focus()],
      ["alt+F", () => document.getElementById("timeline-search")?.focus()],
      ["alt+P", () => presence.mutate({ status: "available" })],
    ],
    EVERYWHERE,
  );
  useHotkeys([
    ["shift+?", openHelp],
    ["?", openHelp],
  ]);
}

export function useTransferShortcut(open: (() => void) | null): void {
  useCommand("alt+T", open);
}

export function useHoldShortcut(toggle: (() => void) | null): void {
  useCommand("alt+H", toggle);
}

export function useTemplateShortcut(open: (() => void) | null): void {
  useCommand("alt+M", open);
}

export function useCustomerShortcut(open: () => void): void {
  useCommand("alt+C", open);
}

function useCommand(keys: string, run: (() => void) | null): void {
  const latest = useRef(run);
  useEffect(() => {
    latest.current = run;
  });
  useHotkeys([[keys, () => latest.current?.()]], EVERYWHERE);
}
