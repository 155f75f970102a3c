import { Problem } from "../client/problem";

/** What the demo process tells about itself: not part of the product's contract. */
export interface DemoConfig {
  /** Where the product is served; the page itself comes from the demo's own process. */
  touchpoint_url?: string;
  /** The company's phone numbers; where none is known nobody calls. */
  lines: Line[];
  chat_endpoint_id: string;
  form_endpoint_id: string;
  mail_address: string;
  /** Whether its customers have WhatsApp. */
  whatsapp?: boolean;
  /** Whether they have WeChat: the company's official account and its customer service. */
  wechat?: boolean;
  /** A messenger that only the custom channel reaches. */
  pigeon?: boolean;
  /** Where text messages go; without it there are none. */
  text_number?: string;
  personas: Persona[];
}

/** `keys`: what a waiting caller presses is heard. */
export interface Line {
  number: string;
  platform: string;
  keys: boolean;
}

export interface Persona {
  id: string;
  name: string;
  tier: string | null;
  phone: string | null;
  email: string | null;
  /** The shop's signed word of who they are; who has not signed in has none. */
  identity?: string;
}

export interface Mail {
  from: string;
  subject: string;
  text: string;
  message_id: string;
}

export interface TextMessage {
  mine: boolean;
  text: string;
  at: string;
}

/** What goes on behind the scene: whether played agents work and played customers come, whether the phone on
 * my own desk answers, how often each webhook is sent. */
export interface Stage {
  working: boolean;
  coming: boolean;
  phone_answers: boolean;
  copies: number;
}

export type CallState = "ringing" | "queued_music" | "connected" | "held" | "ended";

export interface CallNews {
  state: CallState;
  cause?: string | null;
}

const STRANGER_DIGITS = 10_000_000;

/** Somebody whom nobody knows: another number and address on every load of the page. */
export function stranger(name: string): Persona {
  const digits = String(Math.floor(Math.random() * STRANGER_DIGITS)).padStart(7, "0");
  return {
    id: "stranger",
    name,
    tier: null,
    phone: `+861591${digits}`,
    email: `stranger-${digits}@example.net`,
  };
}

export async function getJson<T>(path: string): Promise<T> {
  return answer<T>(await reach(path, {}));
}

export async function postJson<T>(path: string, body: unknown, method = "POST"): Promise<T> {
  const init = { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  return answer<T>(await reach(path, init));
}

function reach(path: string, init: RequestInit): Promise<Response> {
  return fetch(path, init).catch(() => {
    throw Problem.offline();
  });
}

async function answer<T>(response: Response): Promise<T> {
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) throw Problem.of(response.status, body);
  return body as T;
}
