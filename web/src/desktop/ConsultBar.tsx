import { Button, Group, Loader, Text } from "@mantine/core";
import {
  IconArrowBackUp,
  IconArrowForwardUp,
  IconSwitchHorizontal,
  IconUsers,
} from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { DirectoryEntry, Id, Interaction, Leg, Page } from "../client/contract";
import { api, content, told } from "../client/http";
import { consultOf } from "../client/consult";
import { report } from "../ui/problems";
import { useDesk } from "./desk";

type Step = "complete" | "return" | "conference" | "swap";

/** Who is consulted, how far it is, and what can follow; nothing while nobody is. */
export function ConsultBar({ interaction, leg }: { interaction: Interaction; leg: Leg }) {
  const { t } = useTranslation();
  const consult = consultOf(interaction);
  const name = useName(consult?.agentId ?? null, consult?.address ?? null);
  if (leg.role !== "primary") return <AskedBar interaction={interaction} leg={leg} />;
  if (!consult || leg.state === "wrap_up") return null;
  const spoken = interaction.channel === "voice";
  return (
    <Bar label={t("consult.label")}>
      <Group gap={8} wrap="nowrap" aria-live="polite">
        <Text size="sm" fw={600}>
          {t(`consult.${spoken || consult.state === "rings" ? consult.state : "written"}`, { name })}
        </Text>
        {consult.state === "rings" && <Loader size={14} aria-hidden />}
      </Group>
      <Steps interaction={interaction} answered={consult.state !== "rings"} spoken={spoken} />
    </Bar>
  );
}

function Steps({
  interaction,
  answered,
  spoken,
}: {
  interaction: Interaction;
  answered: boolean;
  spoken: boolean;
}) {
  const { t } = useTranslation();
  const step = useStep(interaction.id);
  const busy = step.isPending || interaction.pending !== null;
  const joined = interaction.legs.some((other) => other.role === "conference" && other.state !== "ended");
  const together = joined || interaction.outside?.state === "conference";
  return (
    <Group gap={6} wrap="nowrap">
      {answered && (
        <Button
          disabled={busy}
          leftSection={<IconArrowForwardUp size={15} />}
          onClick={() => step.mutate("complete")}
        >
          {t("consult.complete")}
        </Button>
      )}
      {answered && spoken && !together && (
        <>
          <Button
            variant="default"
            disabled={busy}
            leftSection={<IconSwitchHorizontal size={15} />}
            onClick={() => step.mutate("swap")}
          >
            {t("consult.swap")}
          </Button>
          <Button
            variant="default"
            disabled={busy}
            leftSection={<IconUsers size={15} />}
            onClick={() => step.mutate("conference")}
          >
            {t("consult.conference")}
          </Button>
        </>
      )}
      <Button
        variant="default"
        disabled={busy}
        leftSection={<IconArrowBackUp size={15} />}
        onClick={() => step.mutate("return")}
      >
        {spoken && !together ? t("consult.back") : t("consult.drop")}
      </Button>
    </Group>
  );
}

/** On the desktop of who is consulted. */
function AskedBar({ interaction, leg }: { interaction: Interaction; leg: Leg }) {
  const { t } = useTranslation();
  const step = useStep(interaction.id);
  if (leg.state === "ended" || leg.state === "wrap_up") return null;
  return (
    <Bar label={t("consult.label")}>
      <Text size="sm">{t("consult.mine")}</Text>
      <Button variant="default" disabled={step.isPending} onClick={() => step.mutate("return")}>
        {t("consult.leave")}
      </Button>
    </Bar>
  );
}

function Bar({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <Group
      role="region"
      aria-label={label}
      px="sm"
      py={8}
      justify="space-between"
      wrap="nowrap"
      style={{
        background: "var(--mantine-color-violet-light)",
        borderBlockEnd: "1px solid var(--desk-line)",
      }}
    >
      {children}
    </Group>
  );
}

function useStep(id: Id) {
  const { store } = useDesk();
  return useMutation({
    mutationFn: (step: Step) =>
      content(
        api.POST(`/v1/interactions/{interaction_id}/consult/${step}`, {
          params: { path: { interaction_id: id } },
        }),
      ),
    onError: report,
    onSettled: () => store.dispatch({ name: "interaction.touched", id }),
  });
}

function useName(agentId: Id | null, address: string | null): string {
  const { t } = useTranslation();
  const directory = useQuery({
    queryKey: ["directory", ""],
    queryFn: () => told<Page<DirectoryEntry>>(api.GET("/v1/directory", {})),
    enabled: agentId !== null,
  });
  const found = directory.data?.items.find((entry) => entry.id === agentId);
  return address ?? found?.name ?? t("consult.somebody");
}
