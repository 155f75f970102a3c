/** Who has signed in at the site, as its page says it; the server checks the signature. */

export type Identity = string | { external_id: string; signature: string };

/** What tells two people apart; "" for nobody. */
export function whoIs(identity: Identity | null): string {
  if (identity === null) return "";
  return typeof identity === "string" ? subjectOf(identity) : identity.external_id;
}

/** The `sub` of a JWT; of what is none, itself. */
function subjectOf(token: string): string {
  try {
    const claims = token.split(".")[1]!.replace(/-/g, "+").replace(/_/g, "/");
    const bytes = Uint8Array.from(atob(claims), (letter) => letter.charCodeAt(0));
    const { sub } = JSON.parse(new TextDecoder().decode(bytes)) as { sub?: unknown };
    return typeof sub === "string" ? sub : token;
  } catch {
    return token;
  }
}
