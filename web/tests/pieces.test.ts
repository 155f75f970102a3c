import { describe, expect, it } from "vitest";
import type { Touch } from "../src/client/contract";
import { Problem } from "../src/client/problem";
import { inOrder, mergeTouch, type TouchPages } from "../src/client/touches";
import { hasRemoteImages, mailDocument } from "../src/desktop/mailDocument";
import { parkedUntil } from "../src/desktop/parking";
import { level } from "../src/wallboard/thresholds";

function touch(id: string, at: string, text = ""): Touch {
  return {
    id,
    at,
    text,
    direction: "inbound",
    kind: "message",
    channel: "chat",
    address: null,
    payload: {},
    attachments: [],
    version: 1,
    author: null,
    interaction_id: "x1",
    delivery: null,
  };
}

function pages(...touches: Touch[]): TouchPages {
  return { pages: [{ items: touches, next_cursor: null }], pageParams: [undefined] };
}

describe("touches", () => {
  const first = touch("t1", "2026-11-22T10:00:00.000Z");
  const second = touch("t2", "2026-11-22T10:01:00.000Z");

  it("stand once, however often they are told", () => {
    const once = mergeTouch(pages(first), second);
    expect(inOrder(mergeTouch(once, second)).map((item) => item.id)).toEqual(["t1", "t2"]);
  });

  it("are replaced when they change", () => {
    const changed = touch("t1", first.at, "redacted");
    expect(inOrder(mergeTouch(pages(second, first), changed))[0]?.text).toBe("redacted");
  });
});

describe("a mail", () => {
  it("may load nothing from outside", () => {
    expect(mailDocument("<p>hi</p>", false)).toContain(
      "default-src 'none'; style-src 'unsafe-inline'; img-src data:\"",
    );
  });

  it("may load images once the reader asks, and never scripts", () => {
    const shown = mailDocument("<p>hi</p>", true);
    expect(shown).toContain("img-src data: https: http:");
    expect(shown).not.toContain("script-src");
  });

  it.each([
    ['<img src="https://x.example/p.png">', true],
    ["<img width=1 src=//x.example/p.png>", true],
    ['<td style="background:url(http://x.example/a.gif)">', true],
    ['<img src="data:image/png;base64,AAAA">', false],
    ["<p>see https://x.example</p>", false],
  ])("%s has images from outside: %s", (html, expected) => {
    expect(hasRemoteImages(html)).toBe(expected);
  });
});

describe("parking", () => {
  const now = new Date(2026, 10, 30, 17, 30);

  it("until the customer answers has no time", () => {
    expect(parkedUntil("customer", "", now)).toBeNull();
  });

  it("until tomorrow means nine in the agent's own morning", () => {
    expect(new Date(parkedUntil("tomorrow", "", now)!)).toEqual(new Date(2026, 11, 1, 9, 0));
  });
});

describe("thresholds", () => {
  it.each([
    ["servicePercent", 59, "alarm"],
    ["servicePercent", 79, "warn"],
    ["servicePercent", 80, "good"],
    ["servicePercent", null, null],
  ] as const)("%s of %s is %s", (measure, value, expected) => {
    expect(level(measure, value, { warn: 80, alarm: 60 })).toBe(expected);
  });

  it("a wait colours when it is above", () => {
    const threshold = { warn: 60, alarm: 180 };
    expect([60, 61, 181].map((value) => level("longestSeconds", value, threshold))).toEqual([
      "good",
      "warn",
      "alarm",
    ]);
  });
});

describe("a problem", () => {
  it("is known by its slug", () => {
    const problem = Problem.of(409, { type: "/problems/stale", detail: "Read first", version: 7 });
    expect([problem.slug, problem.detail, problem.members.version]).toEqual(["stale", "Read first", 7]);
  });

  it("has a name even without a document", () => {
    expect(Problem.of(502, null).slug).toBe("http-502");
  });
});
