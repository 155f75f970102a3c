import { describe, expect, it } from "vitest";
import { en } from "../src/ui/locales/en";
import { zhCN } from "../src/ui/locales/zh-CN";

type Tree = { [key: string]: string | Tree };

function texts(tree: Tree, path = ""): Map<string, string> {
  return new Map(
    Object.entries(tree).flatMap(([key, value]) =>
      typeof value === "string" ? [[`${path}${key}`, value] as const] : [...texts(value, `${path}${key}.`)],
    ),
  );
}

const english = texts(en);
const chinese = texts(zhCN);
const placeholders = (text: string) => [...text.matchAll(/{{(\w+)}}/g)].map((match) => match[1]).sort();

describe("the texts", () => {
  it("are the same in both languages, key by key", () => {
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort());
  });

  it("are put in with the same facts", () => {
    for (const [key, text] of english)
      expect(placeholders(chinese.get(key)!), key).toEqual(placeholders(text));
  });

  it("are written out", () => {
    for (const [key, text] of [...english, ...chinese]) expect(text.trim(), key).not.toBe("");
  });
});
