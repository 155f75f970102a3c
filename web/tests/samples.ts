/** Entities as the server tells them, with only what a test is about spelled out. */
import type { Interaction, InteractionSummary, Leg, Me, Offer } from "../src/client/contract";
import type { EventFrame } from "../src/client/stream";

export const ME = "01900000-0000-7000-8000-000000000001";
export const OTHER = "01900000-0000-7000-8000-000000000002";
const AT = "2026-11-22T10:00:00.000Z";

export function me(version = 1): Me {
  return {
    id: ME,
    version,
    email: "li@acme.test",
    name: "李雷",
    roles: ["agent"],
    tenant: { key: "acme", name: "Acme", time_zone: "Asia/Shanghai", languages: ["zh-CN", "en"] },
    presence: { status: "available", reason_code: null, since: AT },
    permissions: ["work"],
    teams: ["service"],
    skills: {},
    channels: ["voice", "chat", "email"],
    units_held: 0,
    units_max: 100,
    break_codes: ["lunch"],
    devices: [],
    queues: [],
    mailboxes: [],
  };
}

export function leg(state: Leg["state"], agentId = ME): Leg {
  return {
    id: `leg-${agentId}`,
    agent_id: agentId,
    role: "primary",
    queue: "billing",
    state,
    accepted_at: AT,
    answered_at: null,
    held_at: null,
    wrap_up_at: null,
    wrap_up_due_at: null,
  };
}

export function summary(
  id: string,
  version: number,
  changes: Partial<InteractionSummary> = {},
): InteractionSummary {
  return {
    id,
    version,
    state: "active",
    channel: "voice",
    queue: "billing",
    tier: "standard",
    subject: null,
    preview: null,
    customer_id: null,
    direction: "inbound",
    pending: null,
    outside: null,
    created_at: AT,
    queued_at: AT,
    waiting_since: null,
    age_seconds: 0,
    answered_at: null,
    ended_at: null,
    parked_until: null,
    parked_for: null,
    due_at: null,
    reply_until: null,
    replies_left: null,
    callback: null,
    disposition: null,
    follows: null,
    legs: [leg("active")],
    ...changes,
  };
}

export function interaction(id: string, version: number, changes: Partial<Interaction> = {}): Interaction {
  return { ...summary(id, version), address: null, customer: null, endpoint: null, ...changes };
}

export function offer(id: string, interactionId: string): Offer {
  return {
    offer_id: id,
    interaction_id: interactionId,
    interaction_version: 2,
    queue: "billing",
    channel: "voice",
    address: { kind: "phone", value: "+8613912345678" },
    customer: { id: null, name: null, tier: "standard", candidates: [] },
    subject: null,
    preview: null,
    due_at: null,
    callback: null,
    waited_seconds: 12,
    expires_in_seconds: 20,
    reason: "longest_idle",
    endpoint: { key: "hotline", adapter: "cti" },
    decline: "allowed",
  };
}

export function frame(n: number, name: string, entity: string, version: number, data: object): EventFrame {
  return {
    type: "event",
    n,
    cursor: `c${n}`,
    name,
    entity,
    version,
    at: AT,
    data: data as Record<string, unknown>,
  };
}

export function changed(n: number, told: InteractionSummary): EventFrame {
  return frame(n, "interaction.changed", `interaction/${told.id}`, told.version, told);
}
