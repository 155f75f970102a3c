/** An answer that was not a success, as RFC 9457 tells it; `slug` is the documented name of what went wrong. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly slug: string,
    readonly detail: string,
    readonly members: Record<string, unknown> = {},
  ) {
    super(detail);
    this.name = "Problem";
  }

  static of(status: number, body: unknown): Problem {
    const members = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
    const type = typeof members.type === "string" ? members.type : "";
    const detail = typeof members.detail === "string" ? members.detail : `HTTP ${status}`;
    return new Problem(status, type.replace(/^\/problems\//, "") || `http-${status}`, detail, members);
  }

  /** The request never got an answer. */
  static offline(): Problem {
    return new Problem(0, "offline", "No connection");
  }
}
