export const CHOICES = ["customer", "hour", "tomorrow", "at"] as const;
export type Choice = (typeof CHOICES)[number];

const HOUR_MS = 3_600_000;
const MORNING = 9;

/** Null: until the customer answers. Times are the agent's own, as their clock on the wall says. */
export function parkedUntil(choice: Choice, at: string, now: Date): string | null {
  if (choice === "customer") return null;
  if (choice === "hour") return new Date(now.getTime() + HOUR_MS).toISOString();
  if (choice === "at") return new Date(at).toISOString();
  const morning = new Date(now);
  morning.setDate(morning.getDate() + 1);
  morning.setHours(MORNING, 0, 0, 0);
  return morning.toISOString();
}
