import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type EventFrame, EventStream, type StreamStatus } from "../src/client/stream";
import { frame } from "./samples";

class FakeSocket {
  static made: FakeSocket[] = [];
  readyState = 0;
  sent: Record<string, unknown>[] = [];
  closedWith: number | null = null;
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  constructor(readonly url: string) {
    FakeSocket.made.push(this);
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }
  close(code: number): void {
    this.closedWith = code;
    this.onclose?.({ code });
  }
  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  tell(data: object): void {
    this.onmessage?.({ data: JSON.stringify(data) });
  }
}

class Watched {
  events: EventFrame[] = [];
  readies: unknown[] = [];
  statuses: StreamStatus[] = [];
  renewed = 0;
  readonly stream: EventStream;

  constructor(renews = true) {
    this.stream = new EventStream({
      url: "ws://desk/v1/stream",
      token: () => "token",
      renew: async () => {
        this.renewed += 1;
        return renews;
      },
      onReady: (ready) => this.readies.push(ready.snapshot),
      onEvent: (event) => this.events.push(event),
      onStatus: (status) => this.statuses.push(status),
      socket: (url) => new FakeSocket(url) as unknown as WebSocket,
      random: () => 1,
    });
    this.stream.start();
  }
}

const last = () => FakeSocket.made.at(-1)!;

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.made = [];
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a connection that says nothing any more", () => {
  it("is given up and made anew, though nobody closed it", async () => {
    const watched = new Watched();
    last().open();
    last().tell({ type: "ready", cursor: "c", snapshot: null });
    const dead = last();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(watched.statuses.at(-1)).toBe("waiting");
    await vi.advanceTimersByTimeAsync(500);
    expect(last()).not.toBe(dead);
    dead.tell(frame(1, "agent.changed", "agent/a", 1, {}));
    expect(watched.events).toEqual([]);
  });

  it("lives as long as anything is heard", async () => {
    new Watched();
    const only = last();
    only.open();
    for (let heard = 0; heard < 10; heard += 1) {
      await vi.advanceTimersByTimeAsync(15_000);
      only.tell({ type: "alive" });
    }
    expect(last()).toBe(only);
  });
});

describe("the stream", () => {
  it("authenticates first and hands the snapshot on", () => {
    const watched = new Watched();
    last().open();
    expect(last().sent).toEqual([{ type: "authenticate", token: "token", after: null }]);
    last().tell({ type: "ready", cursor: "c0", snapshot: { me: {} } });
    expect(watched.readies).toEqual([{ me: {} }]);
    expect(watched.statuses).toEqual(["connecting", "ready"]);
  });

  it("resumes after the last event that it has handed on", async () => {
    const watched = new Watched();
    last().open();
    last().tell({ type: "ready", cursor: "c0", snapshot: {} });
    last().tell(frame(1, "agent.changed", "agent/a", 2, {}));
    last().close(1012);
    await vi.advanceTimersByTimeAsync(300);
    last().open();
    expect(last().sent[0]).toEqual({ type: "authenticate", token: "token", after: "c1" });
    expect(watched.events).toHaveLength(1);
  });

  it("starts from a snapshot when a number is missing", async () => {
    const watched = new Watched();
    last().open();
    last().tell({ type: "ready", cursor: "c0", snapshot: {} });
    last().tell(frame(2, "agent.changed", "agent/a", 2, {}));
    expect(watched.events).toEqual([]);
    await vi.advanceTimersByTimeAsync(300);
    last().open();
    expect(last().sent[0]).toMatchObject({ after: null });
  });

  it("waits longer after every failure, up to eight seconds", async () => {
    new Watched();
    const waits: number[] = [];
    for (let failure = 0; failure < 8; failure++) {
      const before = FakeSocket.made.length;
      const at = Date.now();
      last().close(1006);
      while (FakeSocket.made.length === before) await vi.advanceTimersByTimeAsync(50);
      waits.push(Date.now() - at);
    }
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 8000, 8000]);
  });

  it("renews an ended token, and stops when that is refused", async () => {
    const watched = new Watched(false);
    last().open();
    last().close(4001);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(watched.renewed).toBe(1);
    expect(watched.statuses.at(-1)).toBe("refused");
    expect(FakeSocket.made).toHaveLength(1);
  });

  it("tells that an offer is on screen", () => {
    const watched = new Watched();
    last().open();
    watched.stream.offerShown("o1");
    expect(last().sent.at(-1)).toEqual({ type: "offer_shown", offer_id: "o1" });
  });

  it("stays closed once it was stopped", async () => {
    const watched = new Watched();
    last().open();
    watched.stream.stop();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(FakeSocket.made).toHaveLength(1);
  });
});
