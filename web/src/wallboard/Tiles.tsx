import { Paper, Text, Tooltip } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Metrics } from "../client/contract";
import { duration, percent } from "../ui/time";
import type { DrillWish } from "./Drill";
import { Figure } from "./Figure";
import { level, levelStyle, type Measure, useThresholds } from "./thresholds";
import classes from "./Wallboard.module.css";

interface Props {
  totals: Metrics["totals"];
  drill: (wish: DrillWish) => void;
}

export function Tiles({ totals, drill }: Props) {
  const { t } = useTranslation();
  const figure = (name: "waiting" | "answered" | "abandoned") => (
    <Figure row={totals} of={t("common.all")} name={name} label={t(`wall.${name}`)} drill={drill} />
  );
  const abandoned = totals.abandon_rate === null ? null : totals.abandon_rate * 100;
  const service = totals.service_level === null ? null : totals.service_level * 100;
  return (
    <div className={classes.tiles}>
      <Tile label={t("wall.waiting")} measure="waitingCount" value={totals.waiting}>
        {figure("waiting")}
      </Tile>
      <Tile label={t("wall.longest")} measure="longestSeconds" value={totals.longest_wait_seconds}>
        {seconds(totals.longest_wait_seconds)}
      </Tile>
      <Tile label={t("wall.serviceLevel")} measure="servicePercent" value={service}>
        {percent(totals.service_level)}
      </Tile>
      <Tile label={t("wall.answered")}>{figure("answered")}</Tile>
      <Tile label={t("wall.abandoned")} measure="abandonPercent" value={abandoned}>
        {figure("abandoned")}
      </Tile>
      <Tile label={t("wall.asa")} hint={t("wall.asaLong")}>
        {seconds(totals.asa_seconds)}
      </Tile>
      <Tile
        label={t("wall.aht")}
        hint={t("wall.ahtLong", { time: seconds(totals.focus_seconds) })}
      >
        {seconds(totals.aht_seconds)}
      </Tile>
      <Tile label={t("wall.agents")}>
        {totals.agents.idle}
        <Text span size="sm" c="dimmed">
          {" "}
          / {totals.agents.signed_in}
        </Text>
      </Tile>
      <Tile
        label={t("wall.coverage")}
        hint={t("wall.coverageLong", { count: totals.estimates_quoted })}
        measure="coveragePercent"
        value={totals.estimate_coverage === null ? null : totals.estimate_coverage * 100}
      >
        {percent(totals.estimate_coverage)}
      </Tile>
      {typeof totals.occupancy === "number" && (
        <Tile label={t("wall.occupancy")}>{percent(totals.occupancy)}</Tile>
      )}
    </div>
  );
}

export function seconds(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : duration(value);
}

interface TileProps {
  label: string;
  hint?: string;
  measure?: Measure;
  value?: number | null;
  children: ReactNode;
}

function Tile({ label, hint, measure, value = null, children }: TileProps) {
  const [thresholds] = useThresholds();
  const style = measure && levelStyle(level(measure, value, thresholds[measure]));
  return (
    <Paper className={classes.tile} style={style} role="group" aria-label={label}>
      <Tooltip label={hint} disabled={!hint}>
        <Text size="xs" c={style ? undefined : "dimmed"} tabIndex={hint ? 0 : undefined} w="fit-content">
          {label}
        </Text>
      </Tooltip>
      <Text fz={24} fw={600} lh={1.25} className="numbers">
        {children}
      </Text>
    </Paper>
  );
}
