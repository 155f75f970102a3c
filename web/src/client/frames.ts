/** From the frames of the stream to what the desktop's state understands. */
import type { Interaction, InteractionSummary, Me, Offer, PresenceStatus, Touch } from "./contract";
import type { EventFrame } from "./stream";
import type { Work, WorkEvent } from "./work";

interface Snapshot {
  me: Me;
  offers: Offer[];
  interactions: Interaction[];
}

export function fromSnapshot(snapshot: Record<string, unknown>, received: number): WorkEvent {
  const { me, offers, interactions } = snapshot as unknown as Snapshot;
  return { name: "snapshot", me, presenceVersion: me.version, offers, interactions, received };
}

/** Null for what does not concern this agent's work. */
export function fromFrame(frame: EventFrame, work: Work, received: number): WorkEvent | null {
  const data = frame.data;
  switch (frame.name) {
    case "offer.created":
      return offerCreated(data, work, received);
    case "offer.revoked":
      return {
        name: "offer.revoked",
        offerId: text(data.offer_id),
        state: text(data.state ?? "revoked"),
        cause: textOrNull(data.cause),
      };
    case "interaction.changed":
      return interactionChanged(frame, work);
    case "agent.changed":
      return agentChanged(frame, work);
    case "command.failed":
      return {
        name: "command.failed",
        interactionId: text(data.interaction_id),
        command: text(data.command),
        reason: text(data.reason),
      };
    default:
      return null;
  }
}

/** The touch of a `touch.created` or `touch.updated`, for the caches of conversations and timelines. */
export function touchOf(frame: EventFrame): Touch | null {
  const named = frame.name === "touch.created" || frame.name === "touch.updated";
  return named ? (frame.data.touch as Touch) : null;
}

function offerCreated(data: Record<string, unknown>, work: Work, received: number): WorkEvent | null {
  if (data.agent_id !== undefined && data.agent_id !== work.agentId) return null;
  return { name: "offer.created", offer: data as unknown as Offer, received };
}

function interactionChanged(frame: EventFrame, work: Work): WorkEvent | null {
  const summary = frame.data as unknown as InteractionSummary;
  const mine = summary.legs.some((leg) => leg.agent_id === work.agentId && leg.state !== "offered");
  const concerns = mine || work.interactions[summary.id] !== undefined || summary.id in work.stale;
  return concerns ? { name: "interaction.changed", summary } : null;
}

function agentChanged(frame: EventFrame, work: Work): WorkEvent | null {
  if (frame.entity !== `agent/${work.agentId}`) return null;
  const { presence, presence_reason, presence_at } = frame.data;
  return {
    name: "agent.changed",
    version: frame.version,
    presence: {
      status: presence as PresenceStatus,
      reason_code: textOrNull(presence_reason),
      since: text(presence_at),
    },
  };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
