/** The shapes of the contract: generated where the OpenAPI document tells them, by hand where it says "object". */
import type { components } from "../../generated/schema";

export type Id = string;

export type Channel = "voice" | "chat" | "messaging" | "email" | "form" | "task";

export type InteractionState =
  | "self_service"
  | "scheduled"
  | "queued"
  | "offered"
  | "connecting"
  | "active"
  | "wrap_up"
  | "parked"
  | "callback_waiting"
  | "closed"
  | "abandoned";

export type LegState = "offered" | "connecting" | "active" | "held" | "wrap_up" | "ended";

export type PresenceStatus = "offline" | "available" | "break" | "not_responding";

export type Load = "idle" | "offered" | "connecting" | "interacting" | "wrap_up";

export interface Address {
  kind: string;
  value: string;
}

export type Me = Omit<components["schemas"]["MeOut"], "presence"> & { presence: Presence };

export type ChosenPresence = components["schemas"]["PresenceIn"];

/** Through which of the company's channel accounts something came. */
export interface EndpointRef {
  key: string;
  adapter: string;
}

export interface Presence {
  status: PresenceStatus;
  reason_code: string | null;
  since: string;
}

export interface CustomerRef {
  id: Id;
  name: string;
  tier: string | null;
}

/** Whom to call back, from when on (null: now), and how often it was tried in vain. */
export interface Callback {
  to: string;
  at: string | null;
  attempts: number;
}

export interface Offer {
  offer_id: Id;
  interaction_id: Id;
  interaction_version: number;
  queue: string;
  channel: Channel;
  address: Address | null;
  customer: { id: Id | null; name: string | null; tier: string | null; candidates: CustomerRef[] };
  subject: string | null;
  preview: string | null;
  due_at: string | null;
  callback: Callback | null;
  waited_seconds: number;
  expires_in_seconds: number;
  reason: string | null;
  endpoint: EndpointRef | null;
  decline?: "allowed" | "reason_required" | "not_allowed";
  /** `device`: picking up the phone is the accept, and only the phone rings. */
  accept?: "desktop" | "device";
  /** It is taken for the agent as soon as it is on screen. */
  auto_accept?: boolean;
  /** A consult: the colleague who asks. */
  asked_by?: { id: Id; name: string };
}

export interface Leg {
  id: Id;
  agent_id: Id;
  role: "primary" | "consult" | "conference";
  state: LegState;
  queue: string;
  accepted_at: string | null;
  answered_at: string | null;
  held_at: string | null;
  wrap_up_at: string | null;
  wrap_up_due_at: string | null;
}

/** What an event tells of an interaction: only legs that have not ended, ids instead of names. */
export interface InteractionSummary {
  id: Id;
  version: number;
  state: InteractionState;
  channel: Channel;
  queue: string | null;
  tier: string | null;
  subject: string | null;
  preview: string | null;
  customer_id: Id | null;
  direction: "inbound" | "outbound";
  pending: string | null;
  /** Somebody outside who is consulted. */
  outside: { address: string; state: "ringing" | "talking" | "conference" } | null;
  created_at: string;
  queued_at: string | null;
  waiting_since: string | null;
  age_seconds: number;
  answered_at: string | null;
  ended_at: string | null;
  parked_until: string | null;
  parked_for: string | null;
  /** Until when a task was promised. */
  due_at: string | null;
  /** Until when a messenger takes free messages to this customer; null: at any time. */
  reply_until: string | null;
  /** How many of them; null: any number. */
  replies_left: number | null;
  callback: Callback | null;
  disposition: string | null;
  follows: Id | null;
  legs: Leg[];
}

export interface Interaction extends InteractionSummary {
  address: Address | null;
  customer: CustomerRef | null;
  candidates?: CustomerRef[];
  endpoint:
    | (EndpointRef & { id: Id; address: string | null; controls_calls: boolean; writing: Writing })
    | null;
}

/** What a reply can be on an endpoint's channel; null: no limit, or no buttons. */
export interface Writing {
  text_max: number | null;
  attachments: boolean;
  buttons: ButtonRoom | null;
  quotes: boolean;
}

export interface ButtonRoom {
  most: number;
  title_max: number;
  text_max: number | null;
}

/** How lists tell an interaction. */
export interface ListedInteraction extends InteractionSummary {
  customer_name?: string | null;
  address?: Address | null;
  endpoint?: EndpointRef | null;
  /** Only of what waits, in the list of its queue. */
  estimated_wait_seconds?: EstimatedWait | null;
}

export interface Attachment {
  id: Id;
  name: string;
  type: string;
  size: number;
  /** What `cid:` in the mail's html names. */
  content_id?: string;
}

/** A file that the platform still has: it is being fetched, or cannot be had any more. */
export interface AwaitedAttachment {
  id?: undefined;
  state: "pending" | "failed";
  name: string;
}

/** One request to a platform, or of one to us, and its answer. */
export interface Exchange {
  id: Id;
  at: string;
  direction: "out" | "in";
  method: string;
  url: string;
  status: number | null;
  outcome: string | null;
  reason: string | null;
  seconds: number | null;
  request: string;
  response: string;
}

export interface Touch {
  id: Id;
  at: string;
  direction: "inbound" | "outbound" | "internal";
  kind: "message" | "call" | "form" | "note" | "survey" | "order" | "system";
  channel: Channel;
  address: Address | null;
  text: string;
  payload: Record<string, unknown>;
  attachments: (Attachment | AwaitedAttachment)[];
  version: number;
  author: { type: "customer" | "agent" | "system"; id?: Id | null; name?: string | null } | null;
  interaction_id: Id | null;
  /** How many identity numbers are masked in it and can be revealed. */
  sealed_numbers?: number;
  subject?: string | null;
  html?: string | null;
  delivery: {
    state: string;
    hops?: { hop: string; state: string; at: string; reason?: string | null }[];
  } | null;
}

export interface CustomerAddress extends Address {
  id: Id;
}

export interface Customer {
  id: Id;
  version: number;
  name: string;
  tier: string | null;
  addresses: CustomerAddress[];
  notes?: string | null;
}

export interface CustomerContext {
  profile: Customer;
  tier: string | null;
  open_interactions: {
    id: Id;
    channel: Channel;
    state: InteractionState;
    queue: string | null;
    subject: string | null;
  }[];
  preferred_channel: string | null;
  account_team: Record<"account" | "solution" | "delivery", { id: Id; name: string } | null>;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface DirectoryEntry {
  /** `address`: somebody outside, of the address book or a number that was typed; `key` is dialled. */
  type: "queue" | "agent" | "address";
  id?: Id;
  key: string;
  name: string;
  presence?: PresenceStatus;
  busy?: boolean;
  closed?: boolean;
}

export const EXITS = [
  "answered",
  "abandoned",
  "short_abandoned",
  "flowed_out",
  "callback_requested",
  "ended_by_us",
  "still_waiting",
] as const;

export type Exit = (typeof EXITS)[number];

export interface Figures extends Record<Exit, number> {
  waiting: number;
  longest_wait_seconds: number | null;
  offered: number;
  closed: number;
  service_level: number | null;
  service_level_numerator: number;
  service_level_denominator: number;
  asa_seconds: number | null;
  /** With what they waited in other queues before. */
  asa_from_first_seconds: number | null;
  aht_seconds: number | null;
  /** The same, divided by the conversations that the agent had at once. */
  focus_seconds: number | null;
  abandon_rate: number | null;
  missed_offers: number;
  transfer_rate: number | null;
  promise_kept: number | null;
  /** Of the next arrival; only rows of a queue have one. */
  estimated_wait_seconds: EstimatedWait | null;
  /** Of those answered that were quoted a wait: the share that waited no longer. */
  estimate_coverage: number | null;
  estimates_quoted: number;
  /** The path that lists what a figure of this row counts; `&figure=` names which. */
  drill: string;
}

export interface EstimatedWait {
  p50: number;
  p90: number;
}

export interface AgentCounts {
  signed_in: number;
  idle: number;
  offered: number;
  connecting: number;
  interacting: number;
  wrap_up: number;
  break: Record<string, number>;
  not_responding: number;
}

export interface Closure {
  reason: string;
  until?: string | null;
}

export interface QueueRow extends Figures {
  queue: string;
  agents: AgentCounts;
  closure: Closure | null;
  estimated_wait_by_channel: Partial<Record<Channel, EstimatedWait | null>>;
}

/** Shares of the time in which agents were there; by wall time, and with each piece weighed by its units. */
interface Occupancy {
  occupancy: number | null;
  unit_occupancy: number | null;
}

export interface Metrics {
  from: string;
  to: string;
  items: QueueRow[];
  by_tier: (Figures & { tier: string })[];
  by_channel: (Figures & { channel: Channel })[];
  by_team: ({ team: string; agents: AgentCounts } & Occupancy)[];
  totals: Figures & { agents: AgentCounts } & Occupancy;
}

/** Whether routing keeps its laws: what the worker saw when it last looked. */
export interface RoutingHealth {
  checked_at: string | null;
  current: boolean;
  counted_since?: string;
  breach_seconds?: number;
  overtakes?: number;
  double_legs?: number;
  oldest_eligible_waiting_seconds?: number | null;
  not_responding?: number;
  queues: {
    queue: string;
    agents: number;
    not_responding: { id: Id; name: string }[];
    oldest_eligible_waiting_seconds: number | null;
    alarm_since: string | null;
  }[];
}

export type EndpointAlarm = "silent" | "circuit" | "listener" | "signatures" | "errors";

/** One channel account; numbers are those of the last hour. */
export interface EndpointHealth {
  endpoint: string;
  id: Id;
  adapter: string;
  channel: Channel;
  queue: string;
  last_event_at: string | null;
  events: number;
  lag_seconds: number | null;
  last_success_at: string | null;
  attempts: number;
  failed: number;
  error_rate: number | null;
  signature_failures: number;
  circuit: { state: "open" | "resting"; since: string | null; until: string | null; reason: string } | null;
  listener: {
    state: "listening" | "failing" | "nobody";
    since: string | null;
    error: string | null;
  } | null;
  silent_since: string | null;
  testable: boolean;
  alarms: EndpointAlarm[];
}

export interface EndpointTest {
  came_through: boolean;
  seconds: number | null;
  problem: string | null;
}

export interface AgentSummary {
  id: Id;
  email: string;
  name: string;
  teams: string[];
  skills: Record<string, number>;
  channels: string[];
  presence: PresenceStatus;
  presence_reason: string | null;
  presence_at: string | null;
  signed_in: boolean;
  units_held: number;
  units_max: number;
  version: number;
}

export interface AgentState extends AgentSummary {
  state:
    "interacting" | "connecting" | "offered" | "wrap_up" | "not_responding" | "break" | "idle" | "offline";
  since: string | null;
  legs: { interaction_id: Id; channel: Channel; state: LegState }[];
}

export interface ReasonGroup {
  reason: string;
  total: number;
  agents: Id[];
}

/** Times and durations are the engine's own: microseconds, `at` on its clock. `names` are those of agents. */
interface ExplanationFacts {
  at: number;
  queue: string;
  tier: string;
  requirement: string;
  age_us: number;
  head_start_us: number;
  overdue: boolean;
  overtaken: number;
  /** Tiers go before waiting time. Decisions of before strategies lack this and `lent_to`. */
  strict?: boolean;
  lent_to?: string[];
  groups: ReasonGroup[];
  names: Record<Id, string>;
  policy_version: number;
}

export interface WaitingExplanation extends ExplanationFacts {
  kind: "waiting";
  state: string;
  ahead: number;
  kept_for: Id | null;
  openings: {
    at: number;
    what: "visible" | "skilled" | "not_excluded" | "on_shift" | "reserved" | "promise";
    teams: string[];
    agent: Id | null;
    requirement: string | null;
  }[];
}

export interface Candidate {
  agent: Id;
  rank: number;
  idle_since: number | null;
  units?: number;
  skill_sum?: number;
}

export interface AssignedExplanation extends ExplanationFacts {
  kind: "assigned";
  decided_at: string;
  kept: boolean;
  strategy?: "longest_idle" | "least_loaded" | "best_skill";
  winner: Candidate;
  runners_up: Candidate[];
  /** How many agents are in no team of the queue; `groups` leaves them out. */
  outside: number;
}

export type Explanation = WaitingExplanation | AssignedExplanation;

export type TokenAnswer = components["schemas"]["TokenOut"];

/** `gaps` name, in order, what stands in double braces in the text. An approved one is sent as it is, by its
 * key; the others begin a reply. */
export interface Template {
  key: string;
  name: string;
  language: string | null;
  text: string;
  gaps: string[];
  approved: boolean;
}

export type Messenger = components["schemas"]["MessengerOut"];

export type NewMessage = components["schemas"]["ReplyIn"];

export type TransferTarget = components["schemas"]["To"];
