import { Badge, Group, Paper, Table, Text, Tooltip } from "@mantine/core";
import { IconCheck, IconChecks, IconClock, IconExclamationCircle, IconLock } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Touch } from "../client/contract";
import { download } from "../client/http";
import { AttachmentLinks } from "../ui/AttachmentLinks";
import { word } from "../ui/i18n";
import { Moment } from "../ui/marks";
import { callFacts } from "./callFacts";
import { customerAct } from "./customerAct";
import { MailBody } from "./MailBody";
import { MailFacts } from "./MailFacts";
import { QuoteButton, QuotedTouch } from "./Quote";
import { RevealNumbers } from "./RevealNumbers";
import { ExchangesButton, SendAgain } from "./TouchSending";
import { useWork } from "./desk";
import { useMe } from "./queries";
import classes from "./TouchView.module.css";

interface Props {
  touch: Touch;
  /** The message that it answers; null if that is not loaded. */
  quoted?: Touch | null;
  quote?: (touch: Touch) => void;
}

/** One item of a conversation: from the customer on the left, from us on the right, internal across. */
export function TouchView({ touch, quoted, quote }: Props) {
  const { t } = useTranslation();
  if (touch.kind === "system" || touch.kind === "call" || customerAct(touch))
    return <EventLine touch={touch} />;
  const wide = touch.channel === "email" || touch.kind === "form" || touch.kind === "note";
  return (
    <article className={classes.touch} data-direction={touch.direction} data-wide={wide || undefined}>
      <Paper className={classes.body} px="sm" py={6}>
        <Group justify="space-between" gap="md" wrap="nowrap" mb={2}>
          <Group gap={4} wrap="nowrap">
            {touch.direction === "internal" && <IconLock size={12} aria-label={t("timeline.internal")} />}
            <Text size="xs" fw={600}>
              <Author touch={touch} />
            </Text>
            {touch.kind === "note" && (
              <Badge size="xs" color="yellow">
                {t("conversation.note")}
              </Badge>
            )}
          </Group>
          <Group gap={4} wrap="nowrap">
            <Moment at={touch.at} />
            <Delivery touch={touch} />
            <ExchangesButton touch={touch} />
          </Group>
        </Group>
        {touch.subject && (
          <Text size="sm" fw={600} className={classes.subject}>
            {touch.subject}
          </Text>
        )}
        {touch.channel === "email" && <MailFacts touch={touch} />}
        {quoted !== undefined && <QuotedTouch touch={quoted} />}
        {touch.html ? (
          <MailBody touch={touch} />
        ) : (
          <Text size="sm" className={classes.text}>
            {touch.text}
          </Text>
        )}
        {touch.kind === "form" && <Fields payload={touch.payload} />}
        <AttachmentLinks attachments={touch.attachments} download={download} />
        <Answers payload={touch.payload} />
        <SendAgain touch={touch} />
        <RevealNumbers touch={touch} />
      </Paper>
      {quote && touch.kind === "message" && <QuoteButton touch={touch} quote={quote} />}
    </article>
  );
}

function Author({ touch }: { touch: Touch }) {
  const { t } = useTranslation();
  const { agentId } = useWork();
  if (touch.author?.type === "agent" && touch.author.id === agentId) return t("conversation.you");
  if (touch.author?.name) return touch.author.name;
  if (touch.direction === "inbound")
    return touch.address?.kind === "email" ? touch.address.value : t("conversation.customer");
  return t("conversation.system");
}

function EventLine({ touch }: { touch: Touch }) {
  const facts = callFacts(touch);
  const mayListen = useMe().data?.permissions.includes("recordings.listen");
  return (
    <Group justify="center" gap={6} py={4} px="md">
      <Text size="xs" c="dimmed" ta="center">
        {touch.text || customerAct(touch) || word("timeline.kind", touch.kind)}
        {facts && ` · ${facts}`}
      </Text>
      <Moment at={touch.at} />
      <ExchangesButton touch={touch} />
      <RevealNumbers touch={touch} />
      {mayListen && <AttachmentLinks attachments={touch.attachments} download={download} />}
    </Group>
  );
}

const DELIVERY = {
  sent: { icon: IconCheck, color: "dimmed" },
  delivered: { icon: IconChecks, color: "dimmed" },
  read: { icon: IconChecks, color: "blue" },
  failed: { icon: IconExclamationCircle, color: "red" },
  bounced: { icon: IconExclamationCircle, color: "red" },
  rejected: { icon: IconExclamationCircle, color: "red" },
} as const;

function Delivery({ touch }: { touch: Touch }) {
  if (touch.direction !== "outbound" || !touch.delivery?.state) return null;
  const { icon: Icon, color } = DELIVERY[touch.delivery.state as keyof typeof DELIVERY] ?? {
    icon: IconClock,
    color: "dimmed",
  };
  const why = touch.delivery.hops?.findLast((hop) => hop.reason)?.reason;
  const label = [word("delivery", touch.delivery.state), why].filter(Boolean).join(": ");
  return (
    <Tooltip label={label}>
      <Text c={color} lh={1} span>
        <Icon size={14} role="img" aria-label={label} />
      </Text>
    </Tooltip>
  );
}

/** What the customer can tap instead of writing. */
function Answers({ payload }: { payload: Record<string, unknown> }) {
  const { t } = useTranslation();
  const buttons = Array.isArray(payload.buttons) ? (payload.buttons as { id: string; title: string }[]) : [];
  if (buttons.length === 0) return null;
  return (
    <Group gap={4} mt={4} role="group" aria-label={t("replies.buttons")}>
      {buttons.map(({ id, title }) => (
        <Badge key={id} variant="outline" color="gray" tt="none" fw={500}>
          {title}
        </Badge>
      ))}
    </Group>
  );
}

/** What a form asked besides the message. */
function Fields({ payload }: { payload: Record<string, unknown> }) {
  const fields =
    typeof payload.fields === "object" && payload.fields !== null ? Object.entries(payload.fields) : [];
  if (fields.length === 0) return null;
  return (
    <Table variant="vertical" fz="xs" mt={4} withTableBorder>
      <Table.Tbody>
        {fields.map(([name, value]) => (
          <Table.Tr key={name}>
            <Table.Th w={140}>{name}</Table.Th>
            <Table.Td>{typeof value === "string" ? value : JSON.stringify(value)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
