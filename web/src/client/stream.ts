/** The one connection that tells the page what happens: authenticate, ready, then events without a gap. */

export interface EventFrame {
  type: "event";
  n: number;
  cursor: string;
  name: string;
  entity: string;
  version: number;
  at: string;
  data: Record<string, unknown>;
}

export interface ReadyFrame {
  type: "ready";
  cursor: string;
  snapshot: Record<string, unknown> | null;
}

/** The customer types: outside the numbered events. */
interface TypingFrame {
  type: "typing";
  interaction_id: string;
}

export type StreamStatus = "connecting" | "ready" | "waiting" | "refused";

export interface StreamOptions {
  url: string;
  token: () => string | null;
  /** Called before each try; false ends the stream (nobody is signed in). */
  renew: () => Promise<boolean>;
  onReady: (frame: ReadyFrame) => void;
  onEvent: (frame: EventFrame) => void;
  onTyping?: (interactionId: string) => void;
  onStatus: (status: StreamStatus, retryAt: number | null) => void;
  socket?: (url: string) => WebSocket;
  random?: () => number;
}

const TOKEN_ENDED = 4001;
const NOT_ALLOWED = 4003;
const SILENT = 1006;
/** The server says something every five seconds. Its pings reach no script, and a network that is gone without a
 * word closes nothing for many minutes. */
const SILENT_MS = 20_000;
/** More often it is not told on. */
const TYPING_EVERY_MS = 2000;
const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 8000;

export class EventStream {
  private socket: WebSocket | null = null;
  private cursor: string | null = null;
  private expected = 1;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private stopped = false;
  private typedAt = 0;

  constructor(private readonly options: StreamOptions) {}

  start(): void {
    this.stopped = false;
    this.open();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    clearTimeout(this.silence);
    this.socket?.close(1000);
    this.socket = null;
  }

  /** Try at once: the user asked, or the network is back. */
  retry(): void {
    if (this.stopped || this.socket) return;
    clearTimeout(this.timer);
    this.open();
  }

  offerShown(offerId: string): void {
    this.send({ type: "offer_shown", offer_id: offerId });
  }

  /** For the customer of the conversation. */
  types(interactionId: string): void {
    if (Date.now() - this.typedAt < TYPING_EVERY_MS) return;
    this.typedAt = Date.now();
    this.send({ type: "typing", interaction_id: interactionId });
  }

  /** A renewed token keeps the connection that the old one opened. */
  authenticate(): void {
    this.send({ type: "authenticate", token: this.options.token(), after: this.cursor });
  }

  private open(): void {
    const make = this.options.socket ?? ((url: string) => new WebSocket(url));
    this.options.onStatus("connecting", null);
    const socket = make(this.options.url);
    this.socket = socket;
    this.expected = 1;
    this.listen(socket);
    socket.onopen = () => this.authenticate();
    socket.onmessage = (message) => {
      if (socket !== this.socket) return;
      this.listen(socket);
      this.receive(JSON.parse(String(message.data)));
    };
    socket.onclose = (event) => {
      if (socket === this.socket) void this.closed(event.code);
    };
  }

  /** Anything that is heard counts; after a silence the connection is given up without waiting for its end. */
  private listen(socket: WebSocket): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => {
      if (socket !== this.socket) return;
      void this.closed(SILENT);
      socket.close();
    }, SILENT_MS);
  }

  private receive(frame: ReadyFrame | EventFrame | TypingFrame): void {
    if (frame.type === "ready") {
      this.failures = 0;
      this.cursor = frame.cursor;
      this.options.onReady(frame);
      this.options.onStatus("ready", null);
    } else if (frame.type === "event") {
      this.event(frame);
    } else if (frame.type === "typing") {
      this.options.onTyping?.(frame.interaction_id);
    }
  }

  private event(frame: EventFrame): void {
    if (frame.n !== this.expected) {
      this.cursor = null;
      this.socket?.close(4009, "gap");
      return;
    }
    this.expected += 1;
    this.cursor = frame.cursor;
    this.options.onEvent(frame);
  }

  private async closed(code: number): Promise<void> {
    clearTimeout(this.silence);
    this.socket = null;
    if (this.stopped) return;
    if (code === NOT_ALLOWED) return this.options.onStatus("refused", null);
    if (code === TOKEN_ENDED && !(await this.options.renew())) return this.options.onStatus("refused", null);
    const delay = this.delay();
    this.options.onStatus("waiting", Date.now() + delay);
    this.timer = setTimeout(() => this.open(), delay);
  }

  /** Doubles up to 8 s, with jitter so that a restarted api is not met by all desktops in one instant. */
  private delay(): number {
    const bound = Math.min(FIRST_DELAY_MS * 2 ** this.failures++, LONGEST_DELAY_MS);
    return bound * (0.5 + (this.options.random ?? Math.random)() / 2);
  }

  private send(frame: Record<string, unknown>): void {
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(frame));
  }
}
