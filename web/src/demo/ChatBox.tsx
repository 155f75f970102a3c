import { Button, Group, Paper, Text, TextInput } from "@mantine/core";
import { IconMessage, IconSend2 } from "@tabler/icons-react";
import { type FormEvent, type RefObject, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Attachment } from "../client/contract";
import { AttachmentLinks } from "../ui/AttachmentLinks";
import { Empty } from "../ui/States";
import { clock, duration } from "../ui/time";
import { AttachButton, UploadPills, useUploads } from "../ui/Uploads";
import { Box } from "./Box";
import { type ChatMessage, ChatSocket, type ChatState, emptyChat } from "./chatSocket";
import type { Persona } from "./demo";

export function ChatBox({ persona, url }: { persona: Persona; url: string }) {
  const { t } = useTranslation();
  const [state, setState] = useState<ChatState>(emptyChat);
  const socket = useRef<ChatSocket | null>(null);
  useEffect(() => () => socket.current?.close(), []);
  const kept = `touchpoint.visitor.${persona.id}`;

  function start(): void {
    socket.current?.close();
    setState(emptyChat);
    socket.current = new ChatSocket(url, persona.name, kept, setState);
    socket.current.open();
  }
  const fresh = state.status === "closed" || state.status === "ended";
  return (
    <Box title={t("demo.chat")} icon={<IconMessage size={20} />} height={300}>
      <Messages messages={state.messages} download={(item) => socket.current!.download(item)} />
      <Text size="xs" c="dimmed" mih={18} role="status">
        {statusText(state, t)}
      </Text>
      {fresh ? (
        <Button variant="light" onClick={start}>
          {state.status === "ended" ? t("demo.chatAgain") : t("demo.chatStart")}
        </Button>
      ) : (
        <WriteLine socket={socket} />
      )}
    </Box>
  );
}

function statusText(state: ChatState, t: ReturnType<typeof useTranslation>["t"]): string {
  if (state.status === "lost") return t("demo.chatLost");
  if (state.status === "connecting") return t("common.loading");
  if (state.status === "ended") return t("demo.chatClosed");
  if (state.typing) return t("demo.chatTyping");
  const { position, seconds } = state.queue ?? { position: null, seconds: null };
  if (position === null) return "";
  return seconds === null
    ? t("demo.chatPositionOnly", { position })
    : t("demo.chatPosition", { position, duration: duration(seconds) });
}

interface Downloads {
  download: (attachment: Attachment) => Promise<Blob>;
}

function Messages({ messages, download }: { messages: ChatMessage[] } & Downloads) {
  const { t } = useTranslation();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [messages.length]);
  return (
    <div
      ref={box}
      role="log"
      aria-label={t("demo.chat")}
      tabIndex={0}
      style={{ flex: 1, minHeight: 160, maxHeight: 280, overflowY: "auto" }}
    >
      {messages.length === 0 && <Empty>{t("demo.chatEmpty")}</Empty>}
      {messages.map((message) => (
        <Bubble key={message.id} message={message} download={download} />
      ))}
    </div>
  );
}

function Bubble({ message, download }: { message: ChatMessage } & Downloads) {
  const { t } = useTranslation();
  return (
    <Group justify={message.mine ? "flex-end" : "flex-start"} mb={6}>
      <Paper
        px="sm"
        py={4}
        maw="80%"
        bg={message.mine ? "var(--desk-chosen)" : "var(--desk-raised)"}
        opacity={message.state === "sending" ? 0.6 : 1}
      >
        <Text size="sm" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
          {message.text}
        </Text>
        <AttachmentLinks attachments={message.attachments} download={download} />
        <Text size="xs" c={message.state === "refused" ? "red" : "dimmed"}>
          {message.state === "refused"
            ? t("demo.chatRefused", { reason: message.reason ?? "" })
            : [message.author, clock(message.at)].filter(Boolean).join(" · ")}
        </Text>
      </Paper>
    </Group>
  );
}

function WriteLine({ socket }: { socket: RefObject<ChatSocket | null> }) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const uploads = useUploads((file) => socket.current!.upload(file));
  const filled = (text.trim() !== "" || uploads.done.length > 0) && uploads.pending.length === 0;
  function submit(event: FormEvent): void {
    event.preventDefault();
    if (!filled) return;
    socket.current?.write(text, uploads.done);
    setText("");
    uploads.clear();
  }
  return (
    <form onSubmit={submit}>
      <UploadPills uploads={uploads} />
      <Group gap="xs">
        <AttachButton uploads={uploads} />
        <TextInput
          style={{ flex: 1 }}
          size="sm"
          aria-label={t("demo.chatPlaceholder")}
          placeholder={t("demo.chatPlaceholder")}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          autoFocus
        />
        <Button type="submit" size="sm" leftSection={<IconSend2 size={16} />} disabled={!filled}>
          {t("demo.chatSend")}
        </Button>
      </Group>
    </form>
  );
}
