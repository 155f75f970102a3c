/** The visitor's socket: opened again after growing pauses, until the server will not have us. */

import { backoffMs } from "./backoff";
import type { Frame } from "./conversation";

const NOT_ALLOWED = 4003;

export interface Ears {
  hello: () => Frame;
  frame: (frame: Frame) => void;
  link: (link: "connecting" | "lost" | "refused") => void;
}

export class Connection {
  private socket: WebSocket | null = null;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly url: string,
    private readonly ears: Ears,
  ) {
    addEventListener("online", () => this.socket === null && this.timer !== undefined && this.open());
    addEventListener("pageshow", (event) => event.persisted && this.wanted && this.open());
  }

  private wanted = false;

  /** Nothing to do where there is one already. */
  open(): void {
    this.wanted = true;
    if (this.socket) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.ears.link("connecting");
    const socket = new WebSocket(this.url);
    this.socket = socket;
    socket.onopen = () => this.send(this.ears.hello());
    socket.onmessage = (message) => this.heard(JSON.parse(String(message.data)) as Frame);
    socket.onclose = (event) => this.socket === socket && this.lost(event.code);
  }

  close(): void {
    this.wanted = false;
    clearTimeout(this.timer);
    this.timer = undefined;
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  send(frame: Frame): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  private heard(frame: Frame): void {
    if (frame.type === "welcome") this.failures = 0;
    this.ears.frame(frame);
  }

  private lost(code: number): void {
    this.socket = null;
    if (code === NOT_ALLOWED) {
      this.wanted = false;
      this.ears.link("refused");
      return;
    }
    this.ears.link("lost");
    this.timer = setTimeout(() => this.open(), backoffMs(this.failures++, Math.random()));
  }
}
