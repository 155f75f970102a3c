import { describe, expect, it } from "vitest";
import type { Interaction } from "../src/client/contract";
import { fromFrame, fromSnapshot } from "../src/client/frames";
import type { EventFrame } from "../src/client/stream";
import { apply, nothing, type Work } from "../src/client/work";
import { changed, frame, interaction, leg, me, ME, offer, OTHER, summary } from "./samples";

const NOW = 1_000_000;

function start(offers: object[] = [], interactions: Interaction[] = [], version = 1): Work {
  return apply(nothing, fromSnapshot({ me: me(version), offers, interactions }, NOW));
}

/** As the shell does: every frame in turn, and a fetch of whatever the frames only named. */
function replay(work: Work, frames: EventFrame[], server: Record<string, Interaction>): Work {
  return frames.reduce((state, next) => {
    const event = fromFrame(next, state, NOW);
    const told = event ? apply(state, event) : state;
    return Object.keys(told.stale).reduce((now, id) => {
      const found = server[id];
      return found ? apply(now, { name: "interaction.fetched", interaction: found }) : now;
    }, told);
  }, work);
}

describe("replay", () => {
  it("equals a fresh snapshot after a call from offer to wrap-up", () => {
    const connecting = summary("x1", 3, { state: "connecting", legs: [leg("connecting")] });
    const active = summary("x1", 4);
    const holding = summary("x1", 5, { pending: "hold" });
    const held = summary("x1", 6, { legs: [leg("held")] });
    const ended = summary("x1", 7, { state: "wrap_up", legs: [leg("wrap_up")] });
    const fetched = interaction("x1", 3, connecting);
    const frames = [
      frame(1, "offer.created", "interaction/x1", 2, offer("o1", "x1")),
      frame(2, "offer.revoked", "interaction/x1", 3, {
        offer_id: "o1",
        interaction_id: "x1",
        state: "accepted",
      }),
      ...[connecting, active, holding, held, ended].map((told, index) => changed(3 + index, told)),
      frame(8, "agent.changed", `agent/${ME}`, 2, {
        presence: "break",
        presence_reason: "lunch",
        presence_at: "2026-11-22T10:05:00.000Z",
      }),
    ];
    const mine = me(2);
    mine.presence = { status: "break", reason_code: "lunch", since: "2026-11-22T10:05:00.000Z" };
    const fresh = apply(
      nothing,
      fromSnapshot({ me: mine, offers: [], interactions: [interaction("x1", 7, ended)] }, NOW),
    );
    expect(replay(start(), frames, { x1: fetched })).toEqual(fresh);
  });

  it("equals a fresh snapshot after work was parked and resumed", () => {
    const chat = interaction("x2", 3, { channel: "chat" });
    const parked = summary("x2", 4, { channel: "chat", state: "parked", legs: [] });
    const resumed = summary("x2", 5, { channel: "chat", legs: [leg("active")] });
    const after = replay(start([], [chat]), [changed(1, parked), changed(2, resumed)], {});
    expect(after).toEqual(start([], [interaction("x2", 5, resumed)]));
  });

  it("equals a fresh snapshot after the same frames came twice", () => {
    const frames = [
      changed(1, summary("x1", 4)),
      changed(2, summary("x1", 5, { state: "wrap_up", legs: [leg("wrap_up")] })),
    ];
    const before = start([], [interaction("x1", 3)]);
    expect(replay(before, [...frames, ...frames], {})).toEqual(replay(before, frames, {}));
  });
});

describe("interaction.changed", () => {
  it("never goes back to a lower version", () => {
    const work = start([], [interaction("x1", 5)]);
    expect(replay(work, [changed(1, summary("x1", 4, { pending: "hold" }))], {})).toBe(work);
  });

  it("asks for the whole when the customer changed, whose name it does not tell", () => {
    const work = start([], [interaction("x1", 3)]);
    const event = fromFrame(changed(1, summary("x1", 4, { customer_id: "c1" })), work, NOW);
    expect(apply(work, event!).stale).toEqual({ x1: 4 });
  });

  it("goes on asking until the answer is as new as the event", () => {
    const work = { ...start([], [interaction("x1", 3)]), stale: { x1: 5 } };
    const old = apply(work, { name: "interaction.fetched", interaction: interaction("x1", 4) });
    expect(old.stale).toEqual({ x1: 5 });
    expect(apply(old, { name: "interaction.fetched", interaction: interaction("x1", 5) }).stale).toEqual({});
  });

  it("leaves other agents' work alone", () => {
    const work = start();
    expect(fromFrame(changed(1, summary("x9", 2, { legs: [leg("active", OTHER)] })), work, NOW)).toBeNull();
  });

  it("does not take back what has ended, when an answer read before comes late", () => {
    const asked = apply(start([], [interaction("x1", 3)]), { name: "interaction.touched", id: "x1" });
    const closed = summary("x1", 5, { state: "closed", legs: [] });
    const ended = apply(asked, { name: "interaction.changed", summary: closed });
    const late = apply(ended, { name: "interaction.fetched", interaction: interaction("x1", 4) });
    expect(late.interactions).toEqual({});
    expect(apply(late, { name: "interaction.changed", summary: summary("x1", 4) }).stale).toEqual({});
    const again = apply(late, { name: "interaction.fetched", interaction: interaction("x1", 6) });
    expect(Object.keys(again.interactions)).toEqual(["x1"]);
  });

  it("lets go of what was reassigned", () => {
    const work = start([], [interaction("x1", 3)]);
    const after = replay(work, [changed(1, summary("x1", 4, { state: "queued", legs: [] }))], {});
    expect(after.interactions).toEqual({});
  });
});

describe("offers", () => {
  it("are counted down from their arrival", () => {
    expect(start([offer("o1", "x1")]).offers.o1).toMatchObject({
      deadline: NOW + 20_000,
      waitingSince: NOW - 12_000,
    });
  });

  it("say how they were lost", () => {
    const gone = frame(1, "offer.revoked", "interaction/x1", 3, {
      offer_id: "o1",
      state: "revoked",
      cause: "customer_left",
    });
    expect(replay(start([offer("o1", "x1")]), [gone], {}).lostOffer?.cause).toBe("customer_left");
  });

  it("of somebody else are not mine", () => {
    const theirs = frame(1, "offer.created", "interaction/x1", 2, { ...offer("o1", "x1"), agent_id: OTHER });
    expect(fromFrame(theirs, start(), NOW)).toBeNull();
  });

  it("do not list the interaction as mine before they are accepted", () => {
    const ringing = interaction("x1", 2, { state: "offered", legs: [leg("offered")] });
    expect(start([offer("o1", "x1")], [ringing]).interactions).toEqual({});
  });
});

describe("a refused command", () => {
  it("is shown and the interaction looked at again", () => {
    const failed = frame(1, "command.failed", "interaction/x1", 4, {
      interaction_id: "x1",
      command: "call.hold",
      reason: "busy",
    });
    const work = start([], [interaction("x1", 3, { pending: "hold" })]);
    const after = apply(work, fromFrame(failed, work, NOW)!);
    expect(after.failedCommand).toEqual({ interactionId: "x1", command: "call.hold", reason: "busy" });
    expect(after.stale).toHaveProperty("x1");
  });
});
