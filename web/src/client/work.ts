/**
 * What the desktop knows, as a pure function of what it was told: old state + event = new state.
 *
 * An event that tells less than the whole entity leaves its id and version in `stale`; the shell fetches those
 * and hands them in as `interaction.fetched`. An entity never goes back to a lower version.
 */
import type { Id, Interaction, InteractionSummary, Leg, Me, Offer, Presence } from "./contract";

export interface OpenOffer extends Offer {
  /** In the page's own clock, milliseconds. */
  deadline: number;
  waitingSince: number;
}

export interface Work {
  agentId: Id | null;
  presence: Presence | null;
  presenceVersion: number;
  offers: Record<Id, OpenOffer>;
  /** How the last offer ended when it was not by our own hand. */
  lostOffer: { offer: OpenOffer; cause: string } | null;
  interactions: Record<Id, Interaction>;
  /** The lowest version that will do. */
  stale: Record<Id, number>;
  /** The version at which it left our hands: what was read before may be told later. */
  gone: Record<Id, number>;
  failedCommand: { interactionId: Id; command: string; reason: string } | null;
}

export type WorkEvent =
  | {
      name: "snapshot";
      me: Me;
      presenceVersion: number;
      offers: Offer[];
      interactions: Interaction[];
      received: number;
    }
  | { name: "offer.created"; offer: Offer; received: number }
  | { name: "offer.revoked"; offerId: Id; state: string; cause: string | null }
  | { name: "offer.dismissed" }
  | { name: "interaction.changed"; summary: InteractionSummary }
  | { name: "interaction.touched"; id: Id }
  | { name: "interaction.fetched"; interaction: Interaction }
  | { name: "interaction.gone"; id: Id }
  | { name: "agent.changed"; version: number; presence: Presence }
  | { name: "command.failed"; interactionId: Id; command: string; reason: string }
  | { name: "failure.dismissed" };

export const nothing: Work = {
  agentId: null,
  presence: null,
  presenceVersion: 0,
  offers: {},
  lostOffer: null,
  interactions: {},
  stale: {},
  gone: {},
  failedCommand: null,
};

export function apply(work: Work, event: WorkEvent): Work {
  switch (event.name) {
    case "snapshot":
      return snapshot(event);
    case "offer.created":
      return {
        ...work,
        offers: { ...work.offers, [event.offer.offer_id]: opened(event.offer, event.received) },
      };
    case "offer.revoked":
      return offerEnded(work, event.offerId, event.state, event.cause);
    case "offer.dismissed":
      return { ...work, lostOffer: null };
    case "interaction.changed":
      return interactionChanged(work, event.summary);
    case "interaction.touched":
      return { ...work, stale: wanting(work.stale, event.id, 0) };
    case "interaction.fetched":
      return fetched(work, event.interaction);
    case "interaction.gone":
      return {
        ...work,
        interactions: without(work.interactions, event.id),
        stale: without(work.stale, event.id),
      };
    case "agent.changed":
      return agentChanged(work, event.version, event.presence);
    case "command.failed":
      return commandFailed(work, event.interactionId, event.command, event.reason);
    case "failure.dismissed":
      return { ...work, failedCommand: null };
  }
}

/** What a work list says of it: a mail that a call interrupts is held by nobody's hand. */
export function shownState(interaction: Interaction, leg: Leg | null): string {
  if (!leg || interaction.state === "parked") return interaction.state;
  return leg.state === "held" && interaction.channel !== "voice" ? "interrupted" : leg.state;
}

/** It may be taken: it stands in its queue, or is a callback whose time has come. */
export function waitsForAgent({ state, callback }: InteractionSummary): boolean {
  return callback?.at ? false : state === "queued" || state === "callback_waiting";
}

/** In this agent's hands: a live leg of theirs that is more than an offer. */
export function isHeld(interaction: Interaction, agentId: Id | null): boolean {
  const leg = myLeg(interaction, agentId);
  return leg !== null && leg.state !== "ended" && leg.state !== "offered";
}

export function myLeg(interaction: Interaction, agentId: Id | null) {
  const mine = interaction.legs.filter((leg) => leg.agent_id === agentId);
  return mine.find((leg) => leg.state !== "ended") ?? mine.at(-1) ?? null;
}

function snapshot(event: Extract<WorkEvent, { name: "snapshot" }>): Work {
  return {
    ...nothing,
    agentId: event.me.id,
    presence: event.me.presence,
    presenceVersion: event.presenceVersion,
    offers: Object.fromEntries(event.offers.map((offer) => [offer.offer_id, opened(offer, event.received)])),
    interactions: Object.fromEntries(
      event.interactions
        .filter((item) => item.state === "parked" || isHeld(item, event.me.id))
        .map((item) => [item.id, item]),
    ),
  };
}

function opened(offer: Offer, received: number): OpenOffer {
  return {
    ...offer,
    deadline: received + offer.expires_in_seconds * 1000,
    waitingSince: received - offer.waited_seconds * 1000,
  };
}

function offerEnded(work: Work, offerId: Id, state: string, cause: string | null): Work {
  const offer = work.offers[offerId];
  if (!offer) return work;
  const offers = without(work.offers, offerId);
  if (state === "accepted") return { ...work, offers, stale: wanting(work.stale, offer.interaction_id, 0) };
  if (state === "declined") return { ...work, offers };
  return { ...work, offers, lostOffer: { offer, cause: cause ?? state } };
}

/** A known one is changed where it stands; names, which an event does not carry, are fetched. */
function interactionChanged(work: Work, summary: InteractionSummary): Work {
  const known = work.interactions[summary.id];
  if (lastVersion(work, summary.id) >= summary.version) return work;
  if (!known || known.customer_id !== summary.customer_id) {
    return { ...work, stale: wanting(work.stale, summary.id, summary.version) };
  }
  return kept(work, { ...known, ...summary });
}

function fetched(work: Work, interaction: Interaction): Work {
  const enough = interaction.version >= (work.stale[interaction.id] ?? 0);
  const stale = enough ? without(work.stale, interaction.id) : work.stale;
  if (lastVersion(work, interaction.id) > interaction.version) return { ...work, stale };
  return kept({ ...work, stale }, interaction);
}

/** Parked work has no live leg: it stays with whom it was. */
function kept(work: Work, interaction: Interaction): Work {
  const parkedHere = interaction.state === "parked" && interaction.id in work.interactions;
  const mine = parkedHere || isHeld(interaction, work.agentId);
  const { id, version } = interaction;
  return mine
    ? { ...work, interactions: { ...work.interactions, [id]: interaction } }
    : { ...work, interactions: without(work.interactions, id), gone: { ...work.gone, [id]: version } };
}

function lastVersion(work: Work, id: Id): number {
  return Math.max(work.interactions[id]?.version ?? 0, work.gone[id] ?? 0);
}

function agentChanged(work: Work, version: number, presence: Presence): Work {
  return version <= work.presenceVersion ? work : { ...work, presence, presenceVersion: version };
}

function commandFailed(work: Work, interactionId: Id, command: string, reason: string): Work {
  return {
    ...work,
    failedCommand: { interactionId, command, reason },
    stale: work.interactions[interactionId] ? wanting(work.stale, interactionId, 0) : work.stale,
  };
}

function without<T>(record: Record<Id, T>, id: Id): Record<Id, T> {
  if (!(id in record)) return record;
  const { [id]: _, ...rest } = record;
  return rest;
}

function wanting(stale: Record<Id, number>, id: Id, version: number): Record<Id, number> {
  return { ...stale, [id]: Math.max(stale[id] ?? 0, version) };
}
