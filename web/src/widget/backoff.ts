const FIRST_MS = 1000;
const MOST_MS = 30_000;

/** How long to wait before the next try after `failures` in a row: doubling, with chance in it, so that not
 * all windows come back at once. `random` in [0, 1). */
export function backoffMs(failures: number, random: number): number {
  return Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(failures, 10)) * (0.5 + random / 2);
}
