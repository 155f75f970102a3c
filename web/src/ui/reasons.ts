import type { Reason } from "../client/contract";
import { word } from "./i18n";
import { duration } from "./time";

/** A structured reason in words; durations and names are put in as the reader's language wants them. */
export function describe(reason: Reason | string): string {
  if (typeof reason === "string") return word("reason", reason);
  const facts = Object.entries(reason).map(([name, value]) => [name, readable(name, value)]);
  return word("reason", reason.code, Object.fromEntries(facts));
}

function readable(name: string, value: unknown): unknown {
  if (name.endsWith("_seconds") && typeof value === "number") return duration(value);
  if (name === "tier") return word("tier", String(value));
  if (name === "channel") return word("channel", String(value));
  if (name === "strategy") return word("strategy", String(value));
  if (name === "state") return word("state", String(value));
  return value ?? "–";
}
