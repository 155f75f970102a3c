import { Alert, Badge, Button, Group, Select, Stack, Switch, Text } from "@mantine/core";
import { IconDialpad, IconPhone, IconPhoneOff } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { word } from "../ui/i18n";
import { Since } from "../ui/marks";
import { explain } from "../ui/problems";
import { Box } from "./Box";
import { type CallNews, type DemoConfig, type Persona, postJson } from "./demo";
import { Tones } from "./tones";

interface Call {
  id: string | null;
  news: CallNews | null;
  since: number;
}

export function PhoneBox({ persona, config }: { persona: Persona; config: DemoConfig }) {
  const { t } = useTranslation();
  const [to, setTo] = useState(config.lines[0]!.number);
  const [sound, setSound] = useState(true);
  const [hidden, setHidden] = useState(false);
  const from = hidden ? null : persona.phone;
  const phone = usePhone(persona.phone);
  const line = config.lines.find((one) => one.number === to);
  const live = phone.call !== null && phone.call.news?.state !== "ended";
  useHeard(phone.call?.news?.state, sound);
  return (
    <Box title={t("demo.phone")} icon={<IconPhone size={20} />} height={300}>
      <Group justify="space-between">
        <Text size="sm" c="dimmed">
          {from ? t("demo.from", { number: from }) : t("demo.withheld")}
        </Text>
        <Switch
          size="xs"
          label={t("demo.withhold")}
          checked={hidden}
          disabled={live}
          onChange={(event) => setHidden(event.currentTarget.checked)}
        />
        <Switch
          size="xs"
          label={t("demo.mute")}
          checked={sound}
          onChange={(event) => setSound(event.currentTarget.checked)}
        />
      </Group>
      <Stack align="center" justify="center" gap="sm" style={{ flex: 1 }} aria-live="polite">
        <Text size="xl" fw={600}>
          {callText(phone.call)}
        </Text>
        {phone.call && live && (
          <Badge size="lg" variant="light">
            <Since from={phone.call.since} />
          </Badge>
        )}
        {phone.error !== null && (
          <Alert color="red" role="alert">
            {explain(phone.error)}
          </Alert>
        )}
      </Stack>
      {live ? (
        <Group grow preventGrowOverflow={false}>
          {line?.keys && phone.call?.news?.state === "queued_music" && (
            <Button
              size="sm"
              variant="default"
              leftSection={<IconDialpad size={18} />}
              onClick={() => void phone.press("1")}
            >
              {t("demo.pressForCallback")}
            </Button>
          )}
          <Button
            size="sm"
            color="red"
            leftSection={<IconPhoneOff size={18} />}
            onClick={() => void phone.hangUp()}
          >
            {t("demo.hangUp")}
          </Button>
        </Group>
      ) : (
        <Group align="flex-end">
          <Select
            style={{ flex: 1 }}
            label={t("demo.dialNumber")}
            allowDeselect={false}
            value={to}
            onChange={(number) => number && setTo(number)}
            data={config.lines.map((one) => ({
              value: one.number,
              label: `${one.number} · ${one.platform}`,
            }))}
          />
          <Button
            size="sm"
            color="teal"
            leftSection={<IconPhone size={18} />}
            onClick={() => void phone.dial(from, to)}
          >
            {t("demo.call")}
          </Button>
        </Group>
      )}
    </Box>
  );
}

function callText(call: Call | null): string {
  if (!call) return word("demo", "idle");
  if (!call.news) return word("demo", "calling");
  const cause =
    call.news.state === "ended" && call.news.cause ? ` (${word("demo.cause", call.news.cause)})` : "";
  return word("demo.state", call.news.state) + cause;
}

/** One call at a time; what is shown is what the exchange says of it. */
function usePhone(number: string | null) {
  const [call, setCall] = useState<Call | null>(null);
  const [error, setError] = useState<unknown>(null);
  const socket = useRef<WebSocket | null>(null);
  useEffect(() => () => socket.current?.close(), []);

  async function dial(from: string | null, to: string): Promise<void> {
    setError(null);
    setCall({ id: null, news: null, since: Date.now() });
    try {
      const { call_id } = await postJson<{ call_id: string }>("/calls", { from, to });
      setCall({ id: call_id, news: null, since: Date.now() });
      listen(call_id);
    } catch (problem) {
      setError(problem);
      setCall(null);
    }
  }
  function listen(id: string): void {
    const channel = new WebSocket(
      `${location.origin.replace(/^http/, "ws")}/calls/${id}/heard`,
    );
    socket.current = channel;
    channel.onmessage = (message) => {
      const news = JSON.parse(String(message.data)) as CallNews;
      setCall((now) =>
        now?.id === id ? { id, news, since: now.news?.state === news.state ? now.since : Date.now() } : now,
      );
      if (news.state === "ended") channel.close();
    };
    channel.onclose = () =>
      setCall((now) =>
        now?.id === id && now.news?.state !== "ended"
          ? { ...now, news: { state: "ended", cause: "lost" } }
          : now,
      );
  }
  async function hangUp(): Promise<void> {
    if (call?.id) await postJson(`/calls/${call.id}/hangup`, {}).catch(setError);
  }
  async function press(digits: string): Promise<void> {
    if (call?.id) await postJson(`/calls/${call.id}/digits`, { digits }).catch(setError);
  }
  useCalled(call === null || call.news?.state === "ended" ? number : null, (id) => {
    setCall({ id, news: null, since: Date.now() });
    listen(id);
  });
  return { call, error, dial, hangUp, press };
}

const LOOK_MS = 2000;

/** The company calls this number; null: somebody talks on it already. */
function useCalled(number: string | null, take: (id: string) => void): void {
  const latest = useRef(take);
  useEffect(() => {
    latest.current = take;
  });
  useEffect(() => {
    if (!number) return;
    const timer = setInterval(() => void look(), LOOK_MS);
    const look = async () => {
      const answer = await fetch(`/phones/${encodeURIComponent(number)}`).catch(() => null);
      const told = answer?.ok ? ((await answer.json()) as { call_id: string | null }) : null;
      if (told?.call_id) latest.current(told.call_id);
    };
    return () => clearInterval(timer);
  }, [number]);
}

function useHeard(state: string | undefined, sound: boolean): void {
  const tones = useRef<Tones | null>(null);
  useEffect(() => {
    const tone = state === "ringing" ? "ring" : state === "queued_music" || state === "held" ? "music" : null;
    if (!sound || !tone) return;
    tones.current ??= new Tones();
    tones.current.play(tone);
    return () => tones.current?.stop();
  }, [state, sound]);
  useEffect(() => () => tones.current?.close(), []);
}
