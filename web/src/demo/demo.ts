import { Problem } from "../client/problem";

/** What the demo process tells about itself: not part of the product's contract. */
export interface DemoConfig {
  pbx_url: string;
  hotline?: string;
  chat_endpoint_id: string;
  form_endpoint_id: string;
  mail_address: string;
  personas: Persona[];
}

export interface Persona {
  id: string;
  name: string;
  tier: string | null;
  phone: string | null;
  email: string | null;
}

export interface Mail {
  from: string;
  subject: string;
  text: string;
  at: string;
}

export type CallState = "ringing" | "queued_music" | "connected" | "held" | "ended";

export interface CallNews {
  state: CallState;
  cause?: string | null;
}

export async function getJson<T>(path: string): Promise<T> {
  return answer<T>(await reach(path, {}));
}

export async function postJson<T>(path: string, body: unknown): Promise<T> {
  const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
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
