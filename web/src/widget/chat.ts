/** One visitor's chat in this window: the conversation, kept in step with server, storage and other tabs. */

import type { Attachment } from "../client/contract";
import { newId } from "../client/ids";
import { Connection } from "./connection";
import {
  type Conversation,
  emptyConversation,
  type Frame,
  heard,
  lastTouch,
  type Message,
  unseen,
  unsent,
  written,
} from "./conversation";
import { type Identity, whoIs } from "./identity";
import type { Memory } from "./memory";
import type { Service } from "./service";

const TYPING_EVERY_MS = 2000;
const TYPING_SHOWN_MS = 6000;

export class Chat {
  state: Conversation = emptyConversation;
  /** As they told before the chat. */
  name: string | undefined;
  email: string | undefined;
  private token: string | null = null;
  private readonly connection: Connection;
  private readonly acknowledged = new Set<string>();
  private waiting: ((token: string) => void)[] = [];
  private typedAt = 0;
  private typingOver: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly service: Service,
    private readonly memory: Memory,
    private identity: Identity | null,
    private readonly changed: () => void,
  ) {
    this.connection = new Connection(service.chatUrl, {
      hello: () => this.hello(),
      frame: (frame) => this.heard(frame),
      link: (link) => this.set(link === "refused" && this.state.refusal ? {} : { link }),
    });
    this.begin();
    memory.follow(() => this.followed());
  }

  /** Whether there is something to go on with. */
  get isKnown(): boolean {
    return this.token !== null;
  }

  /** Whether an answer may come while the window is closed. */
  get isRecent(): boolean {
    return this.memory.isRecent(whoIs(this.identity));
  }

  get isSignedIn(): boolean {
    return this.identity !== null;
  }

  get unread(): number {
    return unseen(this.state, this.memory.seen).length;
  }

  connect(): void {
    this.connection.open();
  }

  /** Somebody else, or nobody, has signed in: what was here is not theirs. */
  identify(identity: Identity | null): void {
    const reconnects = this.state.link !== "idle";
    this.connection.close();
    this.identity = identity;
    this.state = emptyConversation;
    this.begin();
    if (reconnects) this.connect();
    this.changed();
  }

  /** `button`: the id of the ready answer that it is. */
  write(text: string, attachments: Attachment[], button?: string): void {
    const id = newId();
    const at = new Date().toISOString();
    const said = { id, clientId: id, mine: true, text, at, author: null, attachments, email: this.email };
    const message: Message = { ...said, button, state: "sending" };
    this.state = written(this.state, message);
    this.typedAt = 0; // the next letter begins another message
    this.connect();
    this.send(message);
    this.kept();
  }

  again(message: Message): void {
    const messages = this.state.messages.map((one) =>
      one.id === message.id ? { ...one, state: "sending" as const, reason: undefined } : one,
    );
    this.state = { ...this.state, messages };
    this.send(message);
    this.kept();
  }

  types(): void {
    const now = Date.now();
    if (now - this.typedAt < TYPING_EVERY_MS) return;
    this.typedAt = now;
    this.connection.send({ type: "typing" });
  }

  /** All that there is stands before the visitor's eyes. */
  seen(): void {
    const fresh = unseen(this.state, this.memory.seen);
    if (fresh.length === 0) return;
    for (const message of fresh) this.connection.send({ type: "read", touch_id: message.id });
    this.memory.seen = lastTouch(this.state);
    this.changed();
  }

  /** A visitor owns files: before the first welcome there is none. */
  async upload(file: File): Promise<Attachment> {
    return this.service.upload(await this.welcome(), file);
  }

  async download(attachment: Attachment): Promise<Blob> {
    return this.service.download(await this.welcome(), attachment);
  }

  private begin(): void {
    const who = whoIs(this.identity);
    this.memory.turnTo(who);
    this.token = this.memory.token(who);
    this.state = { ...emptyConversation, messages: this.memory.unsent };
  }

  private welcome(): Promise<string> {
    this.connect();
    if (this.token) return Promise.resolve(this.token);
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  private hello(): Frame {
    const { pathname, origin } = location;
    return {
      type: "hello",
      visitor_token: this.token ?? this.memory.token(whoIs(this.identity)),
      after: lastTouch(this.state),
      name: this.name,
      page: origin + pathname,
      identity: this.identity,
    };
  }

  private heard(frame: Frame): void {
    if (frame.type === "welcome") this.recognised(String(frame.visitor_token));
    this.state = heard(this.state, frame);
    if (frame.type === "welcome") for (const message of unsent(this.state)) this.send(message);
    if (frame.type === "typing") this.typing();
    this.acknowledge();
    this.kept();
  }

  private recognised(token: string): void {
    if (this.token !== null && token !== this.token) {
      const messages = unsent(this.state);
      this.memory.forget();
      this.state = { ...emptyConversation, messages };
    }
    this.token = token;
    this.acknowledged.clear();
    this.memory.keep(token, whoIs(this.identity));
    for (const resolve of this.waiting.splice(0)) resolve(token);
  }

  private acknowledge(): void {
    for (const { id } of unseen(this.state, this.memory.seen)) {
      if (this.acknowledged.has(id)) continue;
      this.acknowledged.add(id);
      this.connection.send({ type: "received", touch_id: id });
    }
  }

  private send({ clientId, text, attachments, email, button }: Message): void {
    const ids = attachments.map((item) => item.id);
    const said = { client_message_id: clientId, text, attachments: ids, email, button };
    this.connection.send({ type: "message", ...said });
  }

  private typing(): void {
    clearTimeout(this.typingOver);
    this.typingOver = setTimeout(() => this.set({ typing: false }), TYPING_SHOWN_MS);
  }

  /** Another tab has read, or begun: this one goes on with the same visitor. */
  private followed(): void {
    this.token ??= this.memory.token(whoIs(this.identity));
    this.changed();
  }

  private set(change: Partial<Conversation>): void {
    this.state = { ...this.state, ...change };
    this.changed();
  }

  private kept(): void {
    this.memory.unsent = unsent(this.state);
    this.changed();
  }
}
