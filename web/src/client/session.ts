import type { TokenAnswer } from "./contract";
import { Problem } from "./problem";

type Listener = () => void;

const RENEW_EARLY_SECONDS = 60;

/**
 * Who is signed in. The access token lives in memory alone; the refresh cookie, which no script can read,
 * brings it back after a reload.
 */
export class Session {
  token: string | null = null;
  status: "unknown" | "in" | "out" = "unknown";
  private listeners = new Set<Listener>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private refreshing: Promise<boolean> | null = null;

  subscribe = (listener: Listener): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  getStatus = () => this.status;

  async signIn(tenant: string, email: string, password: string): Promise<void> {
    this.hold(await post<TokenAnswer>("/v1/sessions", { tenant, email, password }));
  }

  /** One refresh at a time, over all tabs: the cookie rotates, and a second use of the old one ends the family. */
  refresh(): Promise<boolean> {
    this.refreshing ??= alone(() => this.renew()).finally(() => {
      this.refreshing = null;
    });
    return this.refreshing;
  }

  async signOut(): Promise<void> {
    const headers = { authorization: `Bearer ${this.token}` };
    this.drop();
    await fetch("/v1/sessions/current", { method: "DELETE", headers }).catch(() => undefined);
  }

  private async renew(): Promise<boolean> {
    try {
      this.hold(await post<TokenAnswer>("/v1/sessions/refresh"));
      return true;
    } catch (error) {
      const refused = error instanceof Problem && error.status >= 400 && error.status < 500;
      if (refused || this.status === "unknown") this.drop();
      return false;
    }
  }

  private hold(answer: TokenAnswer): void {
    this.token = answer.access_token;
    clearTimeout(this.timer);
    const seconds = Math.max(answer.expires_in_seconds - RENEW_EARLY_SECONDS, answer.expires_in_seconds / 2);
    this.timer = setTimeout(() => void this.refresh(), seconds * 1000);
    this.become("in");
  }

  private drop(): void {
    this.token = null;
    clearTimeout(this.timer);
    this.become("out");
  }

  private become(status: "in" | "out"): void {
    this.status = status;
    for (const listener of this.listeners) listener();
  }
}

async function post<T>(path: string, body?: unknown): Promise<T> {
  const response = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: body === undefined ? null : JSON.stringify(body),
  }).catch(() => {
    throw Problem.offline();
  });
  const answer: unknown = await response.json().catch(() => null);
  if (!response.ok) throw Problem.of(response.status, answer);
  return answer as T;
}

export const session = new Session();

/** Runs `work` while no other tab of this origin does; browsers without locks have no say. */
function alone<T>(work: () => Promise<T>): Promise<T> {
  return "locks" in navigator ? (navigator.locks.request("touchpoint-refresh", work) as Promise<T>) : work();
}
