import { Badge, Text, Tooltip } from "@mantine/core";
import {
  IconBrandWechat,
  IconBrandWhatsapp,
  IconClipboardCheck,
  IconDeviceMobileMessage,
  IconFileText,
  IconMail,
  IconMessage,
  IconMessages,
  IconPhone,
  IconWorld,
} from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { word } from "./i18n";
import { duration, full, moment } from "./time";

const ICONS = {
  voice: IconPhone,
  chat: IconMessage,
  messaging: IconMessages,
  email: IconMail,
  form: IconFileText,
  task: IconClipboardCheck,
  web: IconWorld,
};

/** Messengers that people know by name. */
const MESSENGERS = {
  whatsapp: IconBrandWhatsapp,
  wechat: IconBrandWechat,
  wecom: IconBrandWechat,
  "twilio-sms": IconDeviceMobileMessage,
};

/** The channel in a word; of a messenger its name. */
export function channelWord(channel: string, adapter?: string | null): string {
  return adapter && adapter in MESSENGERS ? word("messenger", adapter) : word("channel", channel);
}

interface ChannelIconProps {
  channel: string;
  adapter?: string | null;
  size?: number;
}

export function ChannelIcon({ channel, adapter, size = 16 }: ChannelIconProps) {
  const Icon =
    MESSENGERS[adapter as keyof typeof MESSENGERS] ?? ICONS[channel as keyof typeof ICONS] ?? IconMessage;
  return (
    <Tooltip label={channelWord(channel, adapter)}>
      <Icon
        size={size}
        stroke={1.7}
        role="img"
        aria-label={channelWord(channel, adapter)}
        style={{ flexShrink: 0 }}
      />
    </Tooltip>
  );
}

const TIER_COLORS: Record<string, string> = {
  platinum: "grape",
  gold: "yellow",
  silver: "gray",
  iron: "cyan",
  lead: "gray",
  standard: "gray",
};

export function TierBadge({ tier }: { tier: string | null | undefined }) {
  useTranslation();
  if (!tier) return null;
  return (
    <Badge color={TIER_COLORS[tier] ?? "blue"} style={{ flexShrink: 0 }}>
      {word("tier", tier)}
    </Badge>
  );
}

const STATE_COLORS: Record<string, string> = {
  active: "teal",
  interacting: "teal",
  available: "teal",
  idle: "teal",
  connecting: "blue",
  offered: "blue",
  queued: "yellow",
  held: "orange",
  interrupted: "orange",
  wrap_up: "violet",
  parked: "gray",
  break: "yellow",
  not_responding: "red",
  abandoned: "red",
  closed: "gray",
  offline: "gray",
};

export function StateBadge({ state }: { state: string }) {
  useTranslation();
  return (
    <Badge color={STATE_COLORS[state] ?? "gray"} style={{ flexShrink: 0 }}>
      {word("state", state)}
    </Badge>
  );
}

export function stateColor(state: string): string {
  return STATE_COLORS[state] ?? "gray";
}

/** The page's one clock: all timers of a page turn over together. */
const tickers = new Set<() => void>();
let running: ReturnType<typeof setInterval> | undefined;

export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const tick = () => setNow(Date.now());
    tickers.add(tick);
    running ??= setInterval(() => tickers.forEach((call) => call()), 500);
    return () => {
      tickers.delete(tick);
      if (tickers.size > 0) return;
      clearInterval(running);
      running = undefined;
    };
  }, []);
  return now;
}

/** Seconds that pass since `from` (milliseconds or a time). */
export function Since({ from }: { from: number | string }) {
  const now = useNow();
  const start = typeof from === "number" ? from : Date.parse(from);
  return <span style={{ fontVariantNumeric: "tabular-nums" }}>{duration((now - start) / 1000)}</span>;
}

export function Moment({ at, size = "xs" }: { at: string; size?: string }) {
  useTranslation();
  return (
    <Text
      component="time"
      dateTime={at}
      title={full(at)}
      size={size}
      c="dimmed"
      style={{ whiteSpace: "nowrap" }}
    >
      {moment(at)}
    </Text>
  );
}
