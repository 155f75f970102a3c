import { ActionIcon, Button, Group, Text } from "@mantine/core";
import { IconCornerUpLeft, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Touch } from "../client/contract";
import classes from "./Quote.module.css";

/** The message that another one answers; null where it is further back than what is loaded. */
export function QuotedTouch({ touch }: { touch: Touch | null }) {
  const { t } = useTranslation();
  const said = touch && (touch.text || touch.attachments.map(({ name }) => name).join(", "));
  return (
    <Text component="blockquote" size="xs" className={classes.quote} dir="auto">
      {said ?? t("replies.quotedEarlier")}
    </Text>
  );
}

/** What the reply that is being written answers. */
export function QuoteLine({ touch, drop }: { touch: Touch; drop: () => void }) {
  const { t } = useTranslation();
  return (
    <Group px="xs" pt={6} gap={6} wrap="nowrap" role="group" aria-label={t("replies.quoting")}>
      <div style={{ flex: 1, minWidth: 0 }}>
        <QuotedTouch touch={touch} />
      </div>
      <ActionIcon size="sm" onClick={drop} aria-label={t("replies.unquote")}>
        <IconX size={14} />
      </ActionIcon>
    </Group>
  );
}

/** Begins a reply that shows which message it answers. */
export function QuoteButton({ touch, quote }: { touch: Touch; quote: (touch: Touch) => void }) {
  const { t } = useTranslation();
  return (
    <Button
      size="compact-xs"
      variant="subtle"
      color="gray"
      className={classes.button}
      leftSection={<IconCornerUpLeft size={12} />}
      onClick={() => quote(touch)}
    >
      {t("replies.quote")}
    </Button>
  );
}
