import { useLocalStorage } from "@mantine/hooks";

export const MEASURES = [
  "servicePercent",
  "longestSeconds",
  "estimateSeconds",
  "waitingCount",
  "abandonPercent",
  "coveragePercent",
] as const;
export type Measure = (typeof MEASURES)[number];

export interface Threshold {
  warn: number;
  alarm: number;
}

export type Thresholds = Record<Measure, Threshold>;

export const DEFAULTS: Thresholds = {
  servicePercent: { warn: 80, alarm: 60 },
  longestSeconds: { warn: 60, alarm: 180 },
  estimateSeconds: { warn: 120, alarm: 300 },
  waitingCount: { warn: 5, alarm: 15 },
  abandonPercent: { warn: 5, alarm: 10 },
  coveragePercent: { warn: 80, alarm: 60 },
};

/** What this browser keeps may know fewer measures than there are now. */
export function useThresholds() {
  const [kept, keep] = useLocalStorage<Partial<Thresholds>>({
    key: "touchpoint.thresholds",
    defaultValue: DEFAULTS,
  });
  return [{ ...DEFAULTS, ...kept }, keep] as const;
}

export type Level = "good" | "warn" | "alarm" | null;

const BAD_WHEN_LOW: readonly Measure[] = ["servicePercent", "coveragePercent"];

/** Service and coverage are bad when low, everything else when high; nothing measured is no level. */
export function level(measure: Measure, value: number | null, { warn, alarm }: Threshold): Level {
  if (value === null) return null;
  if (BAD_WHEN_LOW.includes(measure)) return value < alarm ? "alarm" : value < warn ? "warn" : "good";
  return value > alarm ? "alarm" : value > warn ? "warn" : "good";
}

const COLORS = { alarm: "red", warn: "yellow", good: undefined };

export function levelStyle(found: Level): React.CSSProperties | undefined {
  const color = found && COLORS[found];
  if (!color) return undefined;
  return {
    background: `var(--mantine-color-${color}-light)`,
    color: `var(--mantine-color-${color}-light-color)`,
    fontWeight: 700,
  };
}
