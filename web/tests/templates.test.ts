import { describe, expect, it } from "vitest";
import { filled } from "../src/ui/templates";

const ARRIVED = { key: "arrived/en", text: "Order {{1}} arrives {{day}}.", gaps: ["1", "day"] };

describe("a template", () => {
  it("shows its gaps until they are filled", () => {
    expect(filled(ARRIVED, { 0: "4711" })).toBe("Order 4711 arrives {{day}}.");
    expect(filled(ARRIVED, { 0: "4711", 1: "today" })).toBe("Order 4711 arrives today.");
  });

  it("takes a value as it is", () => {
    expect(filled(ARRIVED, { 0: "$&", 1: "{{1}}" })).toBe("Order $& arrives {{1}}.");
  });
});
