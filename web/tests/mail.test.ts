import { describe, expect, it } from "vitest";
import { namedImages } from "../src/desktop/inlineImages";
import { mailFacts } from "../src/desktop/factsOfMail";

const picture = { id: "1", name: "a.png", type: "image/png", size: 10, content_id: "logo@x" };

describe("mailFacts", () => {
  it("warns of a mail that DMARC refuses", () => {
    const { verdict, results } = mailFacts({ authentication: { by: "mx", dkim: "fail", dmarc: "fail" } });
    expect([verdict, results]).toEqual(["forged", "DKIM fail · DMARC fail"]);
  });

  it("is not sure of a signature alone", () => {
    expect(mailFacts({ authentication: { by: "mx", dkim: "pass" } }).verdict).toBe("unknown");
  });

  it("says nothing of a mail that nobody checked", () => {
    expect(mailFacts({}).results).toBe("");
  });
});

describe("namedImages", () => {
  it("finds the pictures that the mail shows in its text", () => {
    const other = { ...picture, id: "2", content_id: "other@x" };
    expect(namedImages('<img src="cid:logo@x">', { attachments: [picture, other] })).toEqual([picture]);
  });

  it("shows no drawing that could run", () => {
    const drawing = { ...picture, type: "image/svg+xml" };
    expect(namedImages('<img src="cid:logo@x">', { attachments: [drawing] })).toEqual([]);
  });
});
