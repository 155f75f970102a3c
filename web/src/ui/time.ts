import { i18next } from "./i18n";

function format(options: Intl.DateTimeFormatOptions, at: string | number | Date): string {
  return new Intl.DateTimeFormat(i18next.language, options).format(new Date(at));
}

export function clock(at: string | number): string {
  return format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }, at);
}

export function full(at: string | number): string {
  return format({ dateStyle: "medium", timeStyle: "medium" }, at);
}

/** Today: the time; this year: day and time; else the whole date. */
export function moment(at: string, now: Date = new Date()): string {
  const then = new Date(at);
  if (then.toDateString() === now.toDateString()) return clock(at);
  if (then.getFullYear() === now.getFullYear()) {
    return format({ month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }, at);
  }
  return format({ year: "numeric", month: "short", day: "numeric" }, at);
}

export function day(at: string): string {
  return format({ year: "numeric", month: "long", day: "numeric", weekday: "short" }, at);
}

/** 75 → 1:15, 3675 → 1:01:15; days above a day. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60, whole % 60];
  const days = Math.floor(whole / 86400);
  const pad = (value: number) => String(value).padStart(2, "0");
  const text =
    whole >= 3600 ? `${parts[0]}:${pad(parts[1]!)}:${pad(parts[2]!)}` : `${parts[1]}:${pad(parts[2]!)}`;
  if (days === 0) return text;
  const unit = { style: "unit", unit: "day", unitDisplay: "narrow" } as const;
  return `${new Intl.NumberFormat(i18next.language, unit).format(days)} ${text}`;
}

export function bytes(size: number): string {
  const units = ["byte", "kilobyte", "megabyte"] as const;
  const step = size < 1000 ? 0 : size < 1_000_000 ? 1 : 2;
  const style = { style: "unit", unit: units[step], maximumFractionDigits: step === 2 ? 1 : 0 } as const;
  return new Intl.NumberFormat(i18next.language, style).format(size / 1000 ** step);
}

export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined) return "–";
  return new Intl.NumberFormat(i18next.language, { style: "percent", maximumFractionDigits: 0 }).format(
    share,
  );
}
