import type { Touch } from "../client/contract";
import { word } from "../ui/i18n";
import { duration } from "../ui/time";

/** What a call's touch tells once it has ended: the outcome, a cause that is not the usual one, the time talked. */
export function callFacts({ payload }: Touch): string {
  const { outcome, end_cause, duration_seconds } = payload;
  const facts = [outcome, end_cause === "normal" ? null : end_cause]
    .filter((fact) => typeof fact === "string")
    .map((fact) => word("callFact", fact as string));
  if (outcome === "answered" && typeof duration_seconds === "number") facts.push(duration(duration_seconds));
  return facts.join(" · ");
}
