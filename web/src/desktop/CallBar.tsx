import { Alert, Button, CloseButton, Group, Loader, Popover, SimpleGrid, Text } from "@mantine/core";
import {
  IconDialpad,
  IconPhone,
  IconPhoneCall,
  IconPhoneOff,
  IconPlayerPause,
  IconPlayerPlay,
} from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { consultOf } from "../client/consult";
import type { Interaction, Leg } from "../client/contract";
import { api, content } from "../client/http";
import { word } from "../ui/i18n";
import { Since } from "../ui/marks";
import { report } from "../ui/problems";
import { useAct } from "./actions";
import { useDesk, useWork } from "./desk";
import { useHoldShortcut } from "./shortcuts";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

/** What the telephone system says about the call: a command shows as pending until an event confirms it. */
export function CallBar({ interaction, leg }: { interaction: Interaction; leg: Leg }) {
  const { t } = useTranslation();
  if (leg.state !== "connecting" && leg.state !== "active" && leg.state !== "held")
    return <CommandFailure id={interaction.id} />;
  const color = leg.state === "held" ? "orange" : leg.state === "connecting" ? "blue" : "teal";
  return (
    <div
      role="region"
      aria-label={t("call.label")}
      style={{
        background: `var(--mantine-color-${color}-light)`,
        borderBlockEnd: "1px solid var(--desk-line)",
      }}
    >
      <Group px="sm" py={8} justify="space-between" wrap="nowrap">
        <Group gap={8} wrap="nowrap" aria-live="polite">
          {leg.state === "connecting" ? <IconPhoneCall size={18} /> : <IconPhone size={18} />}
          <Text size="sm" fw={600}>
            {statusText(interaction, leg, t)}
          </Text>
          {interaction.pending && <Loader size={14} aria-hidden />}
          {leg.state !== "connecting" && (
            <Text size="sm">
              <Since from={leg.answered_at ?? leg.accepted_at ?? interaction.created_at} />
            </Text>
          )}
        </Group>
        {leg.state === "connecting" && !ours(interaction) && (
          <Text size="xs" c="dimmed">
            {t("call.connectingHint")}
          </Text>
        )}
        {leg.state === "connecting" && ours(interaction) && <HangUp interaction={interaction} />}
        {leg.state !== "connecting" && leg.role === "primary" && (
          <CallControls interaction={interaction} leg={leg} />
        )}
      </Group>
      <CommandFailure id={interaction.id} />
    </div>
  );
}

/** A call of ours that nobody has answered yet: it can be given up. */
function ours(interaction: Interaction): boolean {
  const unanswered = interaction.direction === "outbound" && interaction.answered_at === null;
  return unanswered || interaction.callback !== null;
}

function HangUp({ interaction }: { interaction: Interaction }) {
  const { t } = useTranslation();
  const act = useAct(interaction.id);
  return (
    <Button
      color="red"
      leftSection={<IconPhoneOff size={15} />}
      disabled={interaction.pending === "end"}
      onClick={() => act.mutate("end")}
    >
      {t("call.end")}
    </Button>
  );
}

function statusText(interaction: Interaction, leg: Leg, t: TFunction): string {
  if (interaction.pending) {
    const known = [
      "hold",
      "resume",
      "end",
      "digits",
      "transfer",
      "complete",
      "return",
      "conference",
      "swap",
      "leave",
    ] as const;
    const pending = known.find((command) => command === interaction.pending?.replace(/^call\./, ""));
    return t(`call.pending.${pending ?? "other"}`);
  }
  if (leg.state === "connecting") return t(ours(interaction) ? "dial.calling" : "call.connecting");
  return leg.state === "held" ? t("call.held") : t("call.active");
}

function CallControls({ interaction, leg }: { interaction: Interaction; leg: Leg }) {
  const { t } = useTranslation();
  const act = useAct(interaction.id);
  const busy = act.isPending || interaction.pending !== null;
  const held = leg.state === "held";
  const toggle = () => act.mutate(held ? "resume" : "hold");
  const watched = interaction.endpoint?.controls_calls === false;
  const consulted = consultOf(interaction) !== null; // who waits then is changed by a swap
  useHoldShortcut(busy || watched || consulted ? null : toggle);
  if (watched)
    return (
      <Text size="xs" c="dimmed">
        {t("call.watched")}
      </Text>
    );
  return (
    <Group gap={6} wrap="nowrap">
      <Button
        variant="default"
        disabled={busy || consulted}
        onClick={toggle}
        aria-pressed={held}
        aria-keyshortcuts="Alt+H"
        leftSection={held ? <IconPlayerPlay size={15} /> : <IconPlayerPause size={15} />}
      >
        {held ? t("call.resume") : t("call.hold")}
      </Button>
      <Keypad interaction={interaction} disabled={held} />
      <HangUp interaction={interaction} />
    </Group>
  );
}

function Keypad({ interaction, disabled }: { interaction: Interaction; disabled: boolean }) {
  const { t } = useTranslation();
  const press = useMutation({
    mutationFn: (digits: string) =>
      content(
        api.POST("/v1/interactions/{interaction_id}/digits", {
          params: { path: { interaction_id: interaction.id } },
          body: { digits },
        }),
      ),
    onError: report,
  });
  return (
    <Popover position="bottom" trapFocus withArrow>
      <Popover.Target>
        <Button variant="default" disabled={disabled} leftSection={<IconDialpad size={15} />}>
          {t("call.digits")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <SimpleGrid cols={3} spacing={6}>
          {KEYS.map((key) => (
            <Button
              key={key}
              variant="default"
              size="sm"
              aria-label={t("call.digit", { digit: key })}
              onClick={() => press.mutate(key)}
            >
              {key}
            </Button>
          ))}
        </SimpleGrid>
      </Popover.Dropdown>
    </Popover>
  );
}

function CommandFailure({ id }: { id: string }) {
  const { t } = useTranslation();
  const { store } = useDesk();
  const failed = useWork().failedCommand;
  if (failed?.interactionId !== id) return null;
  const command = word("call.command", failed.command.replace(/^call\./, ""));
  return (
    <Alert color="red" radius={0} py={4} role="alert">
      <Group justify="space-between">
        <Text size="sm">{t("call.failed", { command, reason: failed.reason })}</Text>
        <CloseButton
          size="sm"
          aria-label={t("common.close")}
          onClick={() => store.dispatch({ name: "failure.dismissed" })}
        />
      </Group>
    </Alert>
  );
}
