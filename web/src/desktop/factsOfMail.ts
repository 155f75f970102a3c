const METHODS = ["dkim", "spf", "dmarc", "arc"] as const;

type Verdict = "genuine" | "forged" | "unknown";

interface Facts {
  results: string;
  server: string;
  verdict: Verdict;
  mailboxes: string;
  automatic: boolean;
  elsewhere: boolean;
}

/** Of a mail's payload, in words to show. DMARC decides; without it nothing is sure. */
export function mailFacts(payload: Record<string, unknown>): Facts {
  const { by, ...told } = (payload.authentication ?? {}) as Record<string, string>;
  const known = METHODS.filter((method) => told[method]);
  const several = Array.isArray(payload.mailboxes) ? payload.mailboxes : [];
  return {
    results: known.map((method) => `${method.toUpperCase()} ${told[method]}`).join(" · "),
    server: by ?? "",
    verdict: told.dmarc === "pass" ? "genuine" : told.dmarc === "fail" ? "forged" : "unknown",
    mailboxes: several.join(", "),
    automatic: Boolean(payload.automatic),
    elsewhere: payload.sent_elsewhere === true,
  };
}
