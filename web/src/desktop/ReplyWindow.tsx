import { Button, Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Interaction } from "../client/contract";
import { useNow } from "../ui/marks";
import { duration } from "../ui/time";

const HURRY_SECONDS = 2 * 3600;

/** Seconds until the messenger takes no free message any more; null: it takes them at any time. */
export function useReplySeconds(interaction: Interaction): number | null {
  const now = useNow();
  if (!interaction.reply_until) return null;
  const left = (Date.parse(interaction.reply_until) - now) / 1000;
  return interaction.replies_left === 0 ? 0 : Math.max(0, left);
}

/** How long, and how often, this customer may be written to freely; templates when that is over. */
export function ReplyWindow({
  interaction,
  refused,
  choose,
}: {
  interaction: Interaction;
  /** The server knows it closed, whatever is shown. */
  refused: boolean;
  choose: () => void;
}) {
  const { t } = useTranslation();
  const seconds = useReplySeconds(interaction);
  if (seconds === null && !refused) return null;
  if (seconds === null || seconds === 0) {
    return (
      <Group px="xs" pt={6} gap={8} role="status">
        <Text size="sm" style={{ flex: 1 }}>
          {t("replies.closed")}
        </Text>
        <Button size="compact-sm" variant="default" onClick={choose}>
          {t("replies.choose")}
        </Button>
      </Group>
    );
  }
  const left = interaction.replies_left;
  return (
    <Text size="xs" px="xs" pt={6} c={seconds < HURRY_SECONDS || left === 1 ? "red" : "dimmed"}>
      {t("replies.until", { time: duration(seconds) })}
      {left !== null && left !== undefined && ` · ${t("replies.left", { count: left })}`}
    </Text>
  );
}
