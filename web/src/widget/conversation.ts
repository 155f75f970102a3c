/** What the visitor sees of their chat: a pure state, and what each frame makes of it. */

import type { Attachment } from "../client/contract";

export interface Message {
  /** The touch's id, or our own until the server tells it. */
  id: string;
  mine: boolean;
  text: string;
  at: string;
  author: string | null;
  attachments: Attachment[];
  state: "sending" | "sent" | "refused";
  /** Ours, by which a repeat is harmless. */
  clientId: string | null;
  email?: string;
  reason?: string;
  /** Ready answers; tapping one says its title. */
  buttons?: Button[];
  /** The id of the message that it answers. */
  quotes?: string | null;
  /** The id of the ready answer that it is. */
  button?: string;
  /** Somebody of the other side has seen it. */
  read?: boolean;
}

export interface Button {
  id: string;
  title: string;
}

/** `link`: of the socket; `refused` means that the server will not have this page or this sign-in. */
export interface Conversation {
  link: "idle" | "connecting" | "open" | "lost" | "refused";
  refusal: string | null;
  messages: Message[];
  place: { position: number; waitSeconds: number | null } | null;
  typing: boolean;
  /** `answered`: somebody has taken it; `ended`: the next message starts anew. */
  phase: "none" | "answered" | "ended";
}

export type Frame = Record<string, unknown> & { type: string };

export const emptyConversation: Conversation = {
  link: "idle",
  refusal: null,
  messages: [],
  place: null,
  typing: false,
  phase: "none",
};

export function written(now: Conversation, message: Message): Conversation {
  return { ...now, messages: [...now.messages, message], phase: now.phase === "ended" ? "none" : now.phase };
}

/** What is not acknowledged yet; the server will be told again. */
export function unsent(now: Conversation): Message[] {
  return now.messages.filter((message) => message.state === "sending");
}

/** The newest touch that we know: ids of touches sort by time. */
export function lastTouch(now: Conversation): string | null {
  const known = now.messages.filter((message) => message.state === "sent" && message.id !== message.clientId);
  return known.reduce<string | null>((last, { id }) => (last === null || id > last ? id : last), null);
}

/** What others wrote after `seen`, the newest touch that stood before the visitor's eyes. */
export function unseen(now: Conversation, seen: string | null): Message[] {
  return now.messages.filter((message) => !message.mine && (seen === null || message.id > seen));
}

export function heard(now: Conversation, frame: Frame): Conversation {
  switch (frame.type) {
    case "welcome":
      return welcomed(now, frame.history);
    case "accepted":
      return marked(now, frame.client_message_id, { state: "sent" });
    case "stored":
      return marked(now, frame.client_message_id, { state: "sent", id: String(frame.touch_id) });
    case "error":
      return refused(now, frame);
    case "message":
      return touched({ ...now, typing: false }, frame.touch);
    case "queue":
      return { ...now, place: placeOf(frame) };
    case "answered":
      return { ...now, place: null, phase: "answered" };
    case "typing":
      return { ...now, typing: true };
    case "closed":
      return { ...now, place: null, typing: false, phase: "ended" };
    default:
      return now;
  }
}

function welcomed(now: Conversation, history: unknown): Conversation {
  const open: Conversation = { ...now, link: "open", refusal: null, place: null };
  return (Array.isArray(history) ? history : []).reduce<Conversation>(touched, open);
}

function refused(now: Conversation, frame: Frame): Conversation {
  const reason = String(frame.code);
  if (frame.client_message_id === undefined) return { ...now, link: "refused", refusal: reason };
  return marked(now, frame.client_message_id, { state: "refused", reason });
}

function marked(now: Conversation, clientId: unknown, change: Partial<Message>): Conversation {
  const messages = now.messages.map((one) => (one.clientId === clientId ? { ...one, ...change } : one));
  return { ...now, messages };
}

/** One touch of history or news: known by its id, or by ours if it is an echo. What is still being sent stays
 * last. */
function touched(now: Conversation, touch: unknown): Conversation {
  const message = messageOf(touch as Record<string, unknown>);
  const known = now.messages.findIndex(
    ({ id, clientId }) => id === message.id || (clientId !== null && clientId === message.clientId),
  );
  if (known >= 0) return readUpTo({ ...now, messages: now.messages.with(known, message) }, message);
  const waiting = now.messages.findIndex((one) => one.state === "sending");
  const at = waiting < 0 ? now.messages.length : waiting;
  const phase = !message.mine && now.phase === "none" && message.author ? "answered" : now.phase;
  return readUpTo({ ...now, phase, messages: now.messages.toSpliced(at, 0, message) }, message);
}

/** Who has read a message has read what was said before it. */
function readUpTo(now: Conversation, message: Message): Conversation {
  if (!message.read) return now;
  const last = now.messages.indexOf(message);
  const messages = now.messages.map((one, at) =>
    at < last && one.mine && !one.read ? { ...one, read: true } : one,
  );
  return { ...now, messages };
}

function messageOf(touch: Record<string, unknown>): Message {
  const author = touch.author as { type?: string; name?: string | null } | undefined;
  return {
    id: String(touch.id),
    mine: touch.direction === "inbound",
    text: String(touch.text ?? ""),
    at: String(touch.at),
    author: author?.type === "agent" ? (author.name ?? null) : null,
    attachments: (touch.attachments as Attachment[] | undefined) ?? [],
    state: "sent",
    clientId: typeof touch.client_message_id === "string" ? touch.client_message_id : null,
    buttons: (touch.buttons as Button[] | undefined) ?? [],
    read: touch.read === true,
    quotes: typeof touch.quotes === "string" ? touch.quotes : null,
  };
}

function placeOf(frame: Frame): Conversation["place"] {
  const seconds = frame.estimated_wait_seconds;
  return {
    position: Number(frame.position),
    waitSeconds: typeof seconds === "number" ? seconds : null,
  };
}
