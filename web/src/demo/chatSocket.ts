/** A visitor's end of the chat contract: hello, welcome, messages that are acknowledged in both directions. */

import type { Attachment } from "../client/contract";
import { newId } from "../client/ids";
import { Problem } from "../client/problem";

export interface ChatMessage {
  /** The touch's id, or our own until it is acknowledged. */
  id: string;
  mine: boolean;
  text: string;
  at: string;
  author: string | null;
  attachments: Attachment[];
  state: "sending" | "sent" | "refused";
  reason?: string;
}

export interface ChatState {
  status: "closed" | "connecting" | "open" | "lost" | "ended";
  messages: ChatMessage[];
  queue: { position: number | null; seconds: number | null } | null;
  typing: boolean;
}

type Frame = Record<string, unknown> & { type: string };

const RETRY_MS = 2000;

export const emptyChat: ChatState = { status: "closed", messages: [], queue: null, typing: false };

export class ChatSocket {
  private socket: WebSocket | null = null;
  private lastTouch: string | null = null;
  private state: ChatState = emptyChat;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stopped = false;
  private welcomed = Promise.withResolvers<void>();

  constructor(
    private readonly url: string,
    private readonly name: string | undefined,
    /** Where the tab keeps the visitor's token, so that a reload goes on. */
    private readonly kept: string,
    private readonly changed: (state: ChatState) => void,
  ) {}

  open(): void {
    this.set({ status: "connecting" });
    const socket = new WebSocket(this.url.replace(/^http/, "ws"));
    this.socket = socket;
    socket.onopen = () =>
      this.send({
        type: "hello",
        visitor_token: sessionStorage.getItem(this.kept),
        after: this.lastTouch,
        name: this.name,
        page: "/demo/customer",
      });
    socket.onmessage = (message) => this.receive(JSON.parse(String(message.data)) as Frame);
    socket.onclose = () => this.closed();
  }

  close(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.socket?.close();
  }

  write(text: string, attachments: Attachment[] = []): void {
    const message: ChatMessage = {
      id: newId(),
      mine: true,
      text,
      attachments,
      at: new Date().toISOString(),
      author: null,
      state: "sending",
    };
    this.set({ messages: [...this.state.messages, message] });
    this.deliver(message);
  }

  private deliver(message: ChatMessage): void {
    const attachments = message.attachments.map((item) => item.id);
    this.send({ type: "message", client_message_id: message.id, text: message.text, attachments });
  }

  async upload(file: File): Promise<Attachment> {
    const body = new FormData();
    body.append("file", file);
    return (await this.fetch("/attachments", { method: "POST", body })).json() as Promise<Attachment>;
  }

  async download(attachment: Attachment): Promise<Blob> {
    return (await this.fetch(`/attachments/${attachment.id}`)).blob();
  }

  /** Files belong to a visitor: before the welcome there is none. */
  private async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    await this.welcomed.promise;
    const headers = { authorization: `Bearer ${sessionStorage.getItem(this.kept)}` };
    const response = await fetch(`${this.url}${path}`, { ...init, headers });
    if (!response.ok) throw Problem.of(response.status, await response.json().catch(() => null));
    return response;
  }

  private receive(frame: Frame): void {
    if (frame.type === "welcome") this.welcome(frame);
    else if (frame.type === "accepted") this.mark(String(frame.client_message_id), "sent");
    else if (frame.type === "error")
      this.mark(String(frame.client_message_id), "refused", String(frame.code));
    else if (frame.type === "message") this.message(frame);
    else if (frame.type === "queue") this.set({ queue: position(frame) });
    else if (frame.type === "typing") this.set({ typing: frame.typing !== false });
    else if (frame.type === "closed") this.set({ status: "ended", queue: null, typing: false });
  }

  /** What is still unacknowledged goes out again: its id makes the repeat harmless. */
  private welcome(frame: Frame): void {
    sessionStorage.setItem(this.kept, String(frame.visitor_token));
    this.welcomed.resolve();
    this.set({ status: "open" });
    for (const touch of (frame.history as Record<string, unknown>[] | undefined) ?? []) this.touch(touch);
    for (const message of this.state.messages) if (message.state === "sending") this.deliver(message);
  }

  private message(frame: Frame): void {
    const touch = (frame.touch as Record<string, unknown> | undefined) ?? frame;
    this.touch(touch);
    this.set({ queue: null, typing: false });
    this.send({ type: "received", touch_id: touch.id ?? touch.touch_id });
  }

  private touch(touch: Record<string, unknown>): void {
    const id = String(touch.id ?? touch.touch_id);
    this.lastTouch = id;
    const own = this.state.messages.some((known) => known.id === id || known.id === touch.client_message_id);
    if (own) return;
    const author = touch.author as { name?: string | null } | string | null | undefined;
    const message: ChatMessage = {
      id,
      mine: touch.direction === "inbound",
      text: String(touch.text ?? ""),
      at: String(touch.at ?? new Date().toISOString()),
      author: typeof author === "string" ? author : (author?.name ?? null),
      attachments: (touch.attachments as Attachment[] | undefined) ?? [],
      state: "sent",
    };
    this.set({ messages: [...this.state.messages, message] });
  }

  private mark(id: string, state: ChatMessage["state"], reason?: string): void {
    this.set({
      messages: this.state.messages.map((message) =>
        message.id === id ? { ...message, state, reason } : message,
      ),
    });
  }

  private closed(): void {
    if (this.stopped || this.state.status === "ended") return;
    this.set({ status: "lost" });
    this.timer = setTimeout(() => this.open(), RETRY_MS);
  }

  private send(frame: Record<string, unknown>): void {
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(frame));
  }

  private set(change: Partial<ChatState>): void {
    this.state = { ...this.state, ...change };
    this.changed(this.state);
  }
}

function position(frame: Frame): ChatState["queue"] {
  const estimate = frame.estimated_wait_seconds as { p50?: number | null } | number | null | undefined;
  const seconds = typeof estimate === "number" ? estimate : (estimate?.p50 ?? null);
  return { position: typeof frame.position === "number" ? frame.position : null, seconds };
}
