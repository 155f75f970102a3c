import { Button, Group, Kbd, SegmentedControl, Text, Textarea } from "@mantine/core";
import { IconSend2 } from "@tabler/icons-react";
import { type DragEvent, type KeyboardEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Interaction, Touch } from "../client/contract";
import { upload } from "../client/http";
import { Problem } from "../client/problem";
import { addressOf } from "../ui/names";
import { Failure } from "../ui/States";
import { inserted } from "../ui/templates";
import { AttachButton, UploadPills, useUploads } from "../ui/Uploads";
import { useDesk } from "./desk";
import { dropDraft, useDraft } from "./drafts";
import { QuoteLine } from "./Quote";
import { AddAnswerButton, ReadyAnswers } from "./ReadyAnswers";
import { ReplyWindow, useReplySeconds } from "./ReplyWindow";
import { StaleDialog } from "./StaleDialog";
import { useTemplateShortcut } from "./shortcuts";
import { useSendNote, useSendReply } from "./sending";
import { TemplateButton, TemplateDialog } from "./TemplateDialog";

type Mode = "reply" | "note";

/** Where the customer sees that somebody writes. */
const SHOWS_TYPING = new Set(["chat", "messaging"]);

interface Props {
  interaction: Interaction;
  canReply: boolean;
  /** The message that the reply shall show as answered. */
  quoted: Touch | null;
  unquote: () => void;
}

/** Reply to the customer, or a note that stays inside. Drafts survive looking at something else. */
export function Composer({ interaction, canReply, quoted, unquote }: Props) {
  const { t } = useTranslation();
  const { stream } = useDesk();
  const [wanted, setMode] = useState<Mode>("reply");
  const mode: Mode = canReply ? wanted : "note";
  const [draft, setDraft] = useDraft(`${interaction.id}/${mode}`);
  const uploads = useUploads(upload);
  const [choosing, setChoosing] = useState(false);
  const box = useRef<HTMLTextAreaElement>(null);
  const [answers, setAnswers] = useState<string[]>([]);
  const room = (mode === "reply" && interaction.endpoint?.writing.buttons) || null;
  const reply = useSendReply(interaction, ({ text, template }) => {
    setChoosing(false);
    if (template) return;
    dropDraft(`${interaction.id}/reply`, text ?? "");
    uploads.clear();
    setAnswers([]);
    unquote();
  });
  const note = useSendNote(interaction.id, (text) => dropDraft(`${interaction.id}/note`, text));
  const sending = reply.isPending || note.isPending;
  const filled = draft.trim() !== "" || (mode === "reply" && uploads.done.length > 0);
  const closed = useReplySeconds(interaction) === 0 && mode === "reply";
  const to = addressOf(interaction);
  const choose = (): void => setChoosing(true);
  useTemplateShortcut(mode === "reply" ? choose : null);
  const enterSends = interaction.channel === "chat" && mode === "reply";

  const titles = room ? answers.map((title) => title.trim()).filter(Boolean) : [];

  function submit(): void {
    if (!filled || closed || sending || uploads.pending.length > 0) return;
    if (mode === "note") note.mutate(draft);
    else
      reply.send({
        text: draft,
        attachments: uploads.done.map((item) => item.id),
        buttons: titles.map((title, place) => ({ id: String(place + 1), title })),
        quotes: quoted?.id,
      });
  }
  function onKeyDown(event: KeyboardEvent): void {
    if (event.key !== "Enter" || event.nativeEvent.isComposing) return;
    if (event.ctrlKey || event.metaKey || (enterSends && !event.shiftKey)) {
      event.preventDefault();
      submit();
    }
  }
  function insert(text: string): void {
    const { selectionStart = draft.length, selectionEnd = draft.length } = box.current ?? {};
    setDraft(inserted(draft, text, selectionStart, selectionEnd));
    setChoosing(false);
  }
  function onDrop(event: DragEvent): void {
    if (mode !== "reply" || event.dataTransfer.files.length === 0) return;
    event.preventDefault();
    uploads.add([...event.dataTransfer.files]);
  }

  const error = reply.failure ?? note.error;
  const refused = reply.failure instanceof Problem && reply.failure.slug === "reply-window-closed";
  return (
    <div
      style={{ borderBlockStart: "1px solid var(--desk-line)" }}
      onDrop={onDrop}
      onDragOver={(event) => event.preventDefault()}
    >
      {error && !choosing && <Failure error={error} />}
      <Group px="xs" pt={6} justify="space-between">
        <SegmentedControl
          size="xs"
          value={mode}
          onChange={(value) => setMode(value as Mode)}
          aria-label={t("conversation.title")}
          data={[
            { value: "reply", label: t("conversation.reply"), disabled: !canReply },
            { value: "note", label: t("conversation.note") },
          ]}
        />
        {mode === "reply" && to && (
          <Text size="xs" c="dimmed" className="clip">
            {t("conversation.replyTo", { address: to })}
          </Text>
        )}
      </Group>
      {mode === "reply" && (
        <ReplyWindow interaction={interaction} refused={refused} choose={choose} />
      )}
      {mode === "reply" && quoted && <QuoteLine touch={quoted} drop={unquote} />}
      <Textarea
        id="composer"
        ref={box}
        px="xs"
        pt={6}
        autosize
        minRows={interaction.channel === "email" && mode === "reply" ? 5 : 2}
        maxRows={14}
        aria-label={mode === "reply" ? t("conversation.reply") : t("conversation.note")}
        placeholder={mode === "reply" ? t("conversation.replyHere") : t("conversation.noteHere")}
        value={draft}
        onChange={(event) => {
          setDraft(event.currentTarget.value);
          if (mode === "reply" && SHOWS_TYPING.has(interaction.channel)) stream.types(interaction.id);
        }}
        onKeyDown={onKeyDown}
      />
      {room && <ReadyAnswers room={room} titles={answers} change={setAnswers} />}
      {mode === "reply" && <UploadPills uploads={uploads} />}
      <Group px="xs" py={6} justify="space-between">
        <Group gap={6}>
          {mode === "reply" && <AttachButton uploads={uploads} />}
          {mode === "reply" && !closed && <TemplateButton choose={choose} />}
          {room && <AddAnswerButton room={room} titles={answers} change={setAnswers} />}
          <Text size="xs" c="dimmed">
            {enterSends ? (
              t("conversation.sendHintChat")
            ) : (
              <>
                <Kbd size="xs">Ctrl</Kbd> + <Kbd size="xs">Enter</Kbd>
              </>
            )}
          </Text>
        </Group>
        <Button
          leftSection={<IconSend2 size={15} />}
          loading={sending}
          disabled={!filled || closed || uploads.pending.length > 0}
          onClick={submit}
        >
          {mode === "reply" ? t("conversation.send") : t("conversation.saveNote")}
        </Button>
      </Group>
      {choosing && (
        <TemplateDialog
          interactionId={interaction.id}
          approvedOnly={closed || refused}
          reply={reply}
          insert={insert}
          close={() => setChoosing(false)}
        />
      )}
      {reply.stale instanceof Problem && (
        <StaleDialog stale={reply.stale} again={reply.again} close={reply.forget} />
      )}
    </div>
  );
}
