import { ActionIcon, Alert, Anchor, Button, Group, SegmentedControl, Text, Tooltip } from "@mantine/core";
import { IconAdjustments, IconHeadset } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Problem } from "../client/problem";
import { session } from "../client/session";
import type { Metrics } from "../client/contract";
import { LookMenu } from "../ui/LookMenu";
import { Failure, Loading } from "../ui/States";
import { clock } from "../ui/time";
import { AgentsPanel } from "./AgentsPanel";
import { ChannelAlarms, ChannelsPanel } from "./ChannelsPanel";
import { Drill, type DrillWish } from "./Drill";
import { QueueTable } from "./QueueTable";
import { RoutingPanel } from "./RoutingPanel";
import { SendingAlarms } from "./SendingAlarms";
import { SilenceAlarms } from "./SilenceAlarms";
import { ThresholdDialog } from "./ThresholdDialog";
import { Tiles } from "./Tiles";
import { WaitingPanel } from "./WaitingPanel";
import { type Period, useMetrics } from "./queries";
import classes from "./Wallboard.module.css";

const PERIODS: Period[] = ["today", "w3600", "w900"];
const LATE_MS = 8000;

export function Wallboard() {
  const { t } = useTranslation();
  const [period, setPeriod] = useState<Period>("today");
  const [settings, setSettings] = useState(false);
  const metrics = useMetrics(period);
  useEffect(() => {
    document.title = `${t("app.name")} · ${t("app.wallboard")}`;
  }, [t]);
  return (
    <div className={classes.page}>
      <header className={classes.header}>
        <Text component="h1" m={0} fw={700} size="md">
          {t("app.name")}
        </Text>
        <Text c="dimmed" size="sm">
          {t("app.wallboard")}
        </Text>
        <SegmentedControl
          mx="auto"
          size="xs"
          aria-label={t("wall.window")}
          value={period}
          onChange={(value) => setPeriod(value as Period)}
          data={PERIODS.map((value) => ({ value, label: t(`wall.windows.${value}`) }))}
        />
        <Freshness at={metrics.dataUpdatedAt} failing={metrics.isError} />
        <Tooltip label={t("wall.thresholds")}>
          <ActionIcon aria-label={t("wall.thresholds")} onClick={() => setSettings(true)}>
            <IconAdjustments size={18} stroke={1.7} />
          </ActionIcon>
        </Tooltip>
        <Tooltip label={t("wall.desktop")}>
          <ActionIcon component="a" href="/" aria-label={t("wall.desktop")}>
            <IconHeadset size={18} stroke={1.7} />
          </ActionIcon>
        </Tooltip>
        <LookMenu />
        <Button variant="subtle" color="gray" onClick={() => void session.signOut()}>
          {t("signIn.out")}
        </Button>
      </header>
      {metrics.data ? (
        <Board metrics={metrics.data} />
      ) : (
        <NoBoard error={metrics.error} retry={() => void metrics.refetch()} />
      )}
      {settings && <ThresholdDialog close={() => setSettings(false)} />}
    </div>
  );
}

function Board({ metrics }: { metrics: Metrics }) {
  const [queue, setQueue] = useState<string | null>(null);
  const [drill, setDrill] = useState<DrillWish | null>(null);
  const shown = metrics.items.some((row) => row.queue === queue) ? queue : (busiest(metrics) ?? null);
  return (
    <main className={classes.board}>
      <div className={classes.left}>
        <SilenceAlarms />
        <SendingAlarms />
        <ChannelAlarms />
        <Tiles totals={metrics.totals} drill={setDrill} />
        <QueueTable metrics={metrics} chosen={shown} choose={setQueue} drill={setDrill} />
        {shown && <WaitingPanel key={shown} queue={shown} />}
        <RoutingPanel />
        <ChannelsPanel />
      </div>
      <AgentsPanel />
      {drill && <Drill wish={drill} close={() => setDrill(null)} />}
    </main>
  );
}

function busiest(metrics: Metrics): string | undefined {
  return metrics.items.toSorted((a, b) => b.waiting - a.waiting)[0]?.queue;
}

function NoBoard({ error, retry }: { error: unknown; retry: () => void }) {
  const { t } = useTranslation();
  if (error instanceof Problem && error.status === 403) {
    return (
      <Alert m="md" color="yellow">
        {t("signIn.supervisorsOnly")}{" "}
        <Anchor href="/" size="sm">
          {t("wall.desktop")}
        </Anchor>
      </Alert>
    );
  }
  return error ? <Failure error={error} retry={retry} /> : <Loading rows={10} />;
}

function Freshness({ at, failing }: { at: number; failing: boolean }) {
  const { t } = useTranslation();
  if (at === 0) return null;
  const late = failing || Date.now() - at > LATE_MS;
  return (
    <Group gap={4} role="status">
      <Text size="xs" c={late ? "orange" : "dimmed"} className="numbers">
        {late ? t("wall.stale", { time: clock(at) }) : t("wall.updated", { time: clock(at) })}
      </Text>
    </Group>
  );
}
