import {
  ActionIcon,
  Badge,
  Button,
  Group,
  SegmentedControl,
  Table,
  Text,
  Tooltip,
  VisuallyHidden,
} from "@mantine/core";
import { IconDoorOff } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { EXITS, type Figures, type Metrics, type QueueRow } from "../client/contract";
import { word } from "../ui/i18n";
import { Empty } from "../ui/States";
import { clock, duration, percent } from "../ui/time";
import { ClosureDialog } from "./ClosureDialog";
import type { DrillWish } from "./Drill";
import { Figure } from "./Figure";
import { level, levelStyle, type Measure, useThresholds } from "./thresholds";
import { seconds } from "./Tiles";
import classes from "./Wallboard.module.css";

type Split = "queue" | "byTier" | "byChannel";
const SPLITS: Split[] = ["queue", "byTier", "byChannel"];

interface Props {
  metrics: Metrics;
  chosen: string | null;
  choose: (queue: string) => void;
  drill: (wish: DrillWish) => void;
}

interface Row extends Figures {
  key: string;
  name: string;
  queue?: QueueRow;
  isTier?: boolean;
}

function rowsOf(metrics: Metrics, split: Split): Row[] {
  if (split === "byTier")
    return metrics.by_tier.map((row) => ({ ...row, key: row.tier, name: word("tier", row.tier), isTier: true }));
  if (split === "byChannel")
    return metrics.by_channel.map((row) => ({
      ...row,
      key: row.channel,
      name: word("channel", row.channel),
    }));
  return metrics.items.map((row) => ({ ...row, key: row.queue, name: row.queue, queue: row }));
}

export function QueueTable({ metrics, chosen, choose, drill }: Props) {
  const { t } = useTranslation();
  const [split, setSplit] = useState<Split>("queue");
  const rows = rowsOf(metrics, split);
  return (
    <section className={classes.panel} aria-label={t("wall.title")}>
      <Group px="sm" py={6} justify="space-between">
        <Text fw={600} size="sm">
          {t("wall.title")}
        </Text>
        <SegmentedControl
          size="xs"
          value={split}
          onChange={(value) => setSplit(value as Split)}
          aria-label={t("wall.title")}
          data={SPLITS.map((value) => ({ value, label: t(`wall.${value}`) }))}
        />
      </Group>
      {rows.length === 0 ? (
        <Empty>{t("wall.noQueues")}</Empty>
      ) : (
        <Table fz="sm" verticalSpacing={6} horizontalSpacing={7} highlightOnHover>
          <Table.Thead>
            <Head split={split} />
          </Table.Thead>
          <Table.Tbody className="numbers">
            {rows.map((row) => (
              <Line
                key={row.key}
                row={row}
                chosen={row.key === chosen && split === "queue"}
                choose={choose}
                drill={drill}
              />
            ))}
          </Table.Tbody>
        </Table>
      )}
      <Balance totals={metrics.totals} drill={drill} />
    </section>
  );
}

function Head({ split }: { split: Split }) {
  const { t } = useTranslation();
  const names = [
    "waiting",
    "longest",
    "offered",
    "answered",
    "abandoned",
    "serviceLevel",
    "asa",
    "aht",
    "closed",
  ] as const;
  return (
    <Table.Tr>
      <Table.Th>{t(`wall.${split}`)}</Table.Th>
      {names.map((name) => (
        <Table.Th key={name} ta="right">
          {t(`wall.${name}`)}
        </Table.Th>
      ))}
      {split === "byTier" && (
        <Table.Th ta="right">
          <Tooltip label={t("wall.promiseLong")}>
            <span tabIndex={0}>{t("wall.promise")}</span>
          </Tooltip>
        </Table.Th>
      )}
      {split === "queue" && (
        <Table.Th ta="right">
          <Tooltip label={t("wall.estimateLong")}>
            <span tabIndex={0}>{t("wall.estimate")}</span>
          </Tooltip>
        </Table.Th>
      )}
      {split === "queue" && <Table.Th ta="right">{t("wall.agents")}</Table.Th>}
      {split === "queue" && (
        <Table.Th>
          <VisuallyHidden>{t("wall.closure")}</VisuallyHidden>
        </Table.Th>
      )}
    </Table.Tr>
  );
}

function Line({
  row,
  chosen,
  choose,
  drill,
}: { row: Row; chosen: boolean } & Pick<Props, "choose" | "drill">) {
  const { t } = useTranslation();
  const figure = (name: "waiting" | "offered" | "answered" | "abandoned" | "closed") => (
    <Figure row={row} of={row.name} name={name} label={t(`wall.${name}`)} drill={drill} />
  );
  return (
    <Table.Tr bg={chosen ? "var(--desk-chosen)" : undefined}>
      <Table.Th scope="row">
        {row.queue ? (
          <Button
            variant="transparent"
            size="compact-sm"
            px={0}
            c="inherit"
            aria-pressed={chosen}
            onClick={() => choose(row.key)}
          >
            {row.name}
          </Button>
        ) : (
          row.name
        )}
        {row.queue?.closure && (
          <ClosedBadge reason={row.queue.closure.reason} until={row.queue.closure.until} />
        )}
      </Table.Th>
      <Cell measure="waitingCount" value={row.waiting}>
        {figure("waiting")}
      </Cell>
      <Cell measure="longestSeconds" value={row.longest_wait_seconds}>
        {seconds(row.longest_wait_seconds)}
      </Cell>
      <Cell>{figure("offered")}</Cell>
      <Cell>{figure("answered")}</Cell>
      <Cell measure="abandonPercent" value={row.abandon_rate === null ? null : row.abandon_rate * 100}>
        {figure("abandoned")}
      </Cell>
      <Cell measure="servicePercent" value={row.service_level === null ? null : row.service_level * 100}>
        {percent(row.service_level)}
      </Cell>
      <Cell>
        <Tooltip label={t("wall.asaFromFirst", { time: seconds(row.asa_from_first_seconds) })}>
          <span tabIndex={0}>{seconds(row.asa_seconds)}</span>
        </Tooltip>
      </Cell>
      <Cell>
        <Tooltip label={t("wall.focus", { time: seconds(row.focus_seconds) })}>
          <span tabIndex={0}>{seconds(row.aht_seconds)}</span>
        </Tooltip>
      </Cell>
      <Cell>{figure("closed")}</Cell>
      {row.isTier && <Cell>{percent(row.promise_kept)}</Cell>}
      {row.queue && <EstimateCell row={row.queue} />}
      {row.queue && (
        <Cell>
          {row.queue.agents.idle}
          <Text span c="dimmed" size="xs">
            {" "}
            / {row.queue.agents.signed_in}
          </Text>
        </Cell>
      )}
      {row.queue && (
        <Table.Td ta="right" w={36}>
          <ClosureButton row={row.queue} />
        </Table.Td>
      )}
    </Table.Tr>
  );
}

function Cell({
  measure,
  value = null,
  children,
}: {
  measure?: Measure;
  value?: number | null;
  children: React.ReactNode;
}) {
  const [thresholds] = useThresholds();
  return (
    <Table.Td ta="right" style={measure && levelStyle(level(measure, value, thresholds[measure]))}>
      {children}
    </Table.Td>
  );
}

/** What the next arrival may expect: half wait no longer than the first, nine in ten than the second. */
function EstimateCell({ row }: { row: QueueRow }) {
  const { t } = useTranslation();
  const found = row.estimated_wait_seconds;
  if (!found) return <Cell>–</Cell>;
  const label = t("wall.estimateOf", { p50: duration(found.p50), p90: duration(found.p90) });
  return (
    <Cell measure="estimateSeconds" value={found.p90}>
      <Tooltip label={`${label} ${t("common.of", { what: t("wall.coverageLong", { count: row.estimates_quoted }), of: percent(row.estimate_coverage) })}`} multiline maw={320}>
        <span tabIndex={0} aria-label={label}>
          {duration(found.p50)}
          <Text span c="dimmed" size="xs">
            {" "}
            / {duration(found.p90)}
          </Text>
        </span>
      </Tooltip>
    </Cell>
  );
}

function ClosedBadge({ reason, until }: { reason: string; until?: string | null }) {
  const { t } = useTranslation();
  const label = [
    t("wall.closureOn", { reason }),
    until ? t("wall.closureUntil", { time: clock(until) }) : "",
  ].join(" ");
  return (
    <Badge color="red" ml={8}>
      {label}
    </Badge>
  );
}

function ClosureButton({ row }: { row: QueueRow }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  return (
    <>
      <Tooltip label={t("wall.closure")}>
        <ActionIcon
          size="sm"
          color={row.closure ? "red" : "gray"}
          aria-label={t("common.of", { what: t("wall.closure"), of: row.queue })}
          onClick={() => setOpen(true)}
        >
          <IconDoorOff size={15} stroke={1.7} />
        </ActionIcon>
      </Tooltip>
      {open && <ClosureDialog row={row} close={() => setOpen(false)} />}
    </>
  );
}

/** Offered is what became of it: the equation itself, with whether it holds. */
function Balance({ totals, drill }: { totals: Figures; drill: (wish: DrillWish) => void }) {
  const { t } = useTranslation();
  const sum = EXITS.reduce((total, exit) => total + totals[exit], 0);
  const holds = sum === totals.offered;
  return (
    <div className={classes.balance} role="group" aria-label={t("wall.balance")}>
      <Text size="xs" className="numbers" component="div">
        <b>
          {t("wall.offered")} {totals.offered}
        </b>
        {" = "}
        {EXITS.map((exit, index) => (
          <span key={exit}>
            {index > 0 && " + "}
            {t(`wall.${exit}`)}{" "}
            <b>
              <Figure row={totals} of={t("common.all")} name={exit} label={t(`wall.${exit}`)} drill={drill} />
            </b>
          </span>
        ))}
        <Text span size="xs" ml={10} c={holds ? "teal" : "red"}>
          {holds ? t("wall.balanced") : t("wall.unbalanced", { sum, offered: totals.offered })}
        </Text>
      </Text>
    </div>
  );
}
