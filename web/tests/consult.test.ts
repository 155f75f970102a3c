import { describe, expect, it } from "vitest";
import { consultOf } from "../src/client/consult";
import type { Leg } from "../src/client/contract";
import { OTHER, interaction, leg } from "./samples";

function consulted(state: Leg["state"], role: Leg["role"] = "consult") {
  return consultOf(interaction("x1", 1, { legs: [leg("held"), { ...leg(state, OTHER), role }] }));
}

describe("consultOf", () => {
  it("nobody is consulted", () => {
    expect(consultOf(interaction("x1", 1))).toBeNull();
    expect(consulted("ended")).toBeNull();
  });

  it("a colleague rings, talks, waits, or has joined", () => {
    expect(consulted("offered")).toEqual({ agentId: OTHER, address: null, state: "rings" });
    expect(consulted("connecting")?.state).toBe("rings");
    expect(consulted("active")?.state).toBe("talks");
    expect(consulted("held")?.state).toBe("waits");
    expect(consulted("active", "conference")?.state).toBe("together");
  });

  it("somebody outside has no leg", () => {
    const outside = { address: "+8613900139000", state: "talking" } as const;
    expect(consultOf(interaction("x1", 1, { outside }))).toEqual({
      agentId: null,
      address: "+8613900139000",
      state: "talks",
    });
  });
});
