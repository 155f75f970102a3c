import { describe, expect, it } from "vitest";
import { filled, inserted } from "../src/ui/templates";

const ARRIVED = { text: "Order {{1}} arrives {{day}}." };

describe("a template", () => {
  it("shows its gaps until they are filled", () => {
    expect(filled(ARRIVED, { 0: "4711" })).toBe("Order 4711 arrives {{day}}.");
    expect(filled(ARRIVED, { 0: "4711", 1: "today" })).toBe("Order 4711 arrives today.");
  });

  it("takes a value as it is", () => {
    expect(filled(ARRIVED, { 0: "$&", 1: "{{1}}" })).toBe("Order $& arrives {{1}}.");
  });

  it("goes where the cursor is, instead of what is selected", () => {
    expect(inserted("Hello  bye", "Wang,", 6, 6)).toBe("Hello Wang, bye");
    expect(inserted("Hello you bye", "Wang,", 6, 9)).toBe("Hello Wang, bye");
  });
});
