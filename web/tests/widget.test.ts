import { describe, expect, it } from "vitest";
import { backoffMs } from "../src/widget/backoff";
import { contrast, textOn } from "../src/widget/colour";
import {
  type Conversation,
  emptyConversation,
  heard,
  lastTouch,
  type Message,
  unseen,
  unsent,
  written,
} from "../src/widget/conversation";
import { firstWords } from "../src/widget/forms";
import { whoIs } from "../src/widget/identity";
import { cutLinks } from "../src/widget/links";
import { Memory } from "../src/widget/memory";
import { chosen, fill, type Texts, textsIn } from "../src/widget/texts";

const touch = (id: string, direction: "inbound" | "outbound", text: string, more = {}) => ({
  id,
  at: "2026-11-30T09:00:00.000Z",
  direction,
  text,
  attachments: [],
  author: direction === "outbound" ? { type: "agent", name: "李雷" } : { type: "customer", name: null },
  client_message_id: null,
  ...more,
});

const mine = (id: string): Message => ({
  id,
  clientId: id,
  mine: true,
  text: id,
  at: "2026-11-30T09:00:01.000Z",
  author: null,
  attachments: [],
  state: "sending",
});

const welcome = (...history: unknown[]) => ({ type: "welcome", visitor_token: "vt_1", history });
const said = (state: Conversation) => state.messages.map((message) => message.text);

describe("a conversation", () => {
  it("shows history once, whatever is told again", () => {
    const told = touch("t1", "outbound", "hello");
    const state = [welcome(told), { type: "message", touch: told }, welcome(told)].reduce(
      heard,
      emptyConversation,
    );
    expect(said(state)).toEqual(["hello"]);
  });

  it("knows its own message when it comes back as history, and what was refused", () => {
    const state = heard(
      written(emptyConversation, mine("m1")),
      welcome(touch("t1", "inbound", "m1", { client_message_id: "m1" })),
    );
    expect(state.messages).toHaveLength(1);
    expect(unsent(state)).toEqual([]);
    const refused = heard(written(state, mine("m2")), {
      type: "error",
      code: "too-large",
      client_message_id: "m2",
    });
    expect(refused.messages[1]).toMatchObject({ state: "refused", reason: "too-large" });
    expect(refused.link).toBe("open");
  });

  it("keeps what is not acknowledged, behind what others say meanwhile", () => {
    const state = heard(written(emptyConversation, mine("m1")), welcome(touch("t1", "outbound", "hello")));
    expect(said(state)).toEqual(["hello", "m1"]);
    expect(unsent(state).map(({ id }) => id)).toEqual(["m1"]);
    expect(unsent(heard(state, { type: "accepted", client_message_id: "m1" }))).toEqual([]);
  });

  it("learns the id of what it sent, and that it was read with all before it", () => {
    const sent = [mine("m1"), mine("m2"), mine("m3")].reduce(written, emptyConversation);
    const stored = [1, 2, 3].reduce(
      (now, n) => heard(now, { type: "stored", client_message_id: `m${n}`, touch_id: `t${n}` }),
      sent,
    );
    expect(stored.messages.map(({ id, state }) => [id, state])).toEqual([
      ["t1", "sent"],
      ["t2", "sent"],
      ["t3", "sent"],
    ]);
    const told = touch("t2", "inbound", "m2", { client_message_id: "m2", read: true });
    const read = heard(stored, { type: "message", touch: told });
    expect(read.messages.map((message) => message.read ?? false)).toEqual([true, true, false]);
  });

  it("knows ready answers and what is quoted", () => {
    const buttons = [{ id: "y", title: "Yes" }];
    const told = touch("t1", "outbound", "may we?", { buttons, quotes: "t0" });
    expect(heard(emptyConversation, welcome(told)).messages[0]).toMatchObject({ buttons, quotes: "t0" });
  });

  it("goes on after the newest touch that it knows", () => {
    const state = heard(emptyConversation, welcome(touch("t2", "outbound", "b"), touch("t1", "outbound", "a")));
    expect(lastTouch(written(state, mine("z")))).toBe("t2");
    expect(unseen(state, "t1").map(({ id }) => id)).toEqual(["t2"]);
  });

  it("tells the place in line until somebody is there, and begins anew after the end", () => {
    const line = heard(emptyConversation, { type: "queue", position: 3, estimated_wait_seconds: 90 });
    expect(line.place).toEqual({ position: 3, waitSeconds: 90 });
    const answered = heard(line, { type: "answered" });
    expect([answered.place, answered.phase]).toEqual([null, "answered"]);
    const ended = heard(answered, { type: "closed" });
    expect(ended.phase).toBe("ended");
    expect(written(ended, mine("m1")).phase).toBe("none");
  });

  it("ends with a sign-in that is not believed", () => {
    const state = heard(emptyConversation, { type: "error", code: "identity-expired", detail: "…" });
    expect([state.link, state.refusal]).toEqual(["refused", "identity-expired"]);
  });

  it("ignores frames of a later version", () => {
    expect(heard(emptyConversation, { type: "dance" })).toBe(emptyConversation);
  });
});

class Shelf implements Storage {
  private readonly items = new Map<string, string>();
  constructor(private readonly full = false) {}
  get length(): number {
    return this.items.size;
  }
  clear(): void {
    this.items.clear();
  }
  key(at: number): string | null {
    return [...this.items.keys()][at] ?? null;
  }
  getItem(name: string): string | null {
    return this.items.get(name) ?? null;
  }
  removeItem(name: string): void {
    this.items.delete(name);
  }
  setItem(name: string, value: string): void {
    if (this.full) throw new DOMException("full", "QuotaExceededError");
    this.items.set(name, value);
  }
}

describe("what the browser keeps", () => {
  it("is the same for every tab, but unsent messages are of one", () => {
    const lasting = new Shelf();
    const [one, other] = [new Memory("e", () => 0, lasting, new Shelf()), new Memory("e", () => 0, lasting, new Shelf())];
    one.keep("vt_1", "");
    one.unsent = [mine("m1")];
    expect(other.token("")).toBe("vt_1");
    expect([one.unsent.length, other.unsent.length]).toEqual([1, 0]);
  });

  it("is forgotten when somebody else signs in, or out", () => {
    const memory = new Memory("e", () => 0, new Shelf(), new Shelf());
    memory.keep("vt_1", "u-17");
    memory.unsent = [mine("m1")];
    expect(memory.token("u-18")).toBeNull();
    memory.turnTo("u-17");
    expect(memory.token("u-17")).toBe("vt_1");
    memory.turnTo("");
    expect([memory.token("u-17"), memory.unsent]).toEqual([null, []]);
  });

  it.each([[null], [new Shelf(true)]])("is the page's own memory where storage fails", (place) => {
    const memory = new Memory("e", () => 0, place, place);
    memory.keep("vt_1", "");
    memory.isOpen = true;
    expect([memory.token(""), memory.isOpen]).toEqual(["vt_1", true]);
  });

  it("is recent for a day", () => {
    let now = 0;
    const memory = new Memory("e", () => now, new Shelf(), new Shelf());
    memory.keep("vt_1", "");
    expect(memory.isRecent("")).toBe(true);
    now = 25 * 3600 * 1000;
    expect(memory.isRecent("")).toBe(false);
  });
});

describe("who has signed in", () => {
  it("is the subject of the token, or the id", () => {
    const claims = btoa(JSON.stringify({ sub: "u-17" })).replace(/=+$/, "");
    expect(whoIs(`e30.${claims}.x`)).toBe("u-17");
    expect(whoIs({ external_id: "u-17", signature: "00" })).toBe("u-17");
    expect([whoIs(null), whoIs("nonsense")]).toEqual(["", "nonsense"]);
  });
});

describe("small things", () => {
  it("waits longer after each failure, never as long as half a minute and a bit", () => {
    expect([0, 1, 2, 3].map((failures) => backoffMs(failures, 1))).toEqual([1000, 2000, 4000, 8000]);
    expect(backoffMs(100, 1)).toBe(30_000);
    expect(backoffMs(0, 0)).toBe(500);
  });

  it("can be read on any colour", () => {
    for (let shade = 0; shade < 4096; shade++) {
      const colour = `#${[...shade.toString(16).padStart(3, "0")].map((digit) => digit + digit).join("")}`;
      expect(contrast(colour, textOn(colour)), colour).toBeGreaterThanOrEqual(4.5);
    }
  });

  it("makes links of what is one", () => {
    expect(cutLinks("see https://a.test/x?y=1. Or 见https://b.test，谢谢 javascript:alert(1)")).toEqual([
      { text: "see ", href: null },
      { text: "https://a.test/x?y=1", href: "https://a.test/x?y=1" },
      { text: ". Or 见", href: null },
      { text: "https://b.test", href: "https://b.test" },
      { text: "，谢谢 javascript:alert(1)", href: null },
    ]);
  });

  it("has a subject of one line", () => {
    expect(firstWords("short\nmore")).toBe("short");
    expect(firstWords("x".repeat(100))).toHaveLength(80);
  });

  it("speaks the page's language", () => {
    expect(textsIn("zh-Hans-CN").send).toBe("发送");
    expect(textsIn("fr").send).toBe("Send");
    expect(chosen({ en: "Hi", "zh-CN": "您好" }, "zh")).toBe("您好");
    expect(chosen({ en: "Hi" }, "fr")).toBeNull();
    expect(fill("{a} of {b}", { a: 1, b: 2 })).toBe("1 of 2");
  });

  it("says everything in both", () => {
    const [en, zh] = [textsIn("en"), textsIn("zh")];
    const holes = (texts: Texts) => Object.values(texts).map((text) => String(text).match(/\{\w+\}/g)?.sort() ?? []);
    expect(holes(zh)).toEqual(holes(en));
    expect(Object.keys(zh.reason)).toEqual(Object.keys(en.reason));
  });
});
