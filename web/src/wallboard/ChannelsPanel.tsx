import { Alert, Badge, Button, Group, Table, Text, Tooltip, VisuallyHidden } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { EndpointAlarm, EndpointHealth, EndpointTest } from "../client/contract";
import { api, told } from "../client/http";
import { report } from "../ui/problems";
import { ChannelIcon, Moment } from "../ui/marks";
import { Empty, Loaded } from "../ui/States";
import { clock, duration, percent } from "../ui/time";
import { useEndpointHealth } from "./queries";
import classes from "./Wallboard.module.css";

/** Channels that need somebody now, above everything else. Of platforms that do not answer `SendingAlarms` tells. */
export function ChannelAlarms() {
  const { t } = useTranslation();
  const items = useEndpointHealth().data?.items ?? [];
  const alarmed = items.map((item) => ({ ...item, alarms: item.alarms.filter(isOurs) }));
  return alarmed.filter((item) => item.alarms.length > 0).map((item) => (
    <Alert
      key={item.id}
      role="alert"
      color="red"
      variant="light"
      icon={<IconPlugConnectedX size={18} />}
      py={8}
    >
      <Text size="sm">
        <b>{item.endpoint}</b>
        {item.alarms.map((alarm) => ` · ${t(`health.alarm.${alarm}`, facts(item))}`)}
      </Text>
    </Alert>
  ));
}

function isOurs(alarm: EndpointAlarm): alarm is Exclude<EndpointAlarm, "circuit"> {
  return alarm !== "circuit";
}

function facts(item: EndpointHealth) {
  return {
    time: item.silent_since ? clock(item.silent_since) : "",
    reason: item.listener?.error ?? "",
    count: item.signature_failures,
    rate: percent(item.error_rate),
  };
}

/** Every channel account: what came and went in the last hour, and a test of the way in. */
export function ChannelsPanel() {
  const { t } = useTranslation();
  return (
    <section className={classes.panel} aria-label={t("health.title")}>
      <Text fw={600} size="sm" px="sm" py={6}>
        {t("health.title")}
      </Text>
      <Loaded query={useEndpointHealth()} rows={3}>
        {({ items }) => (items.length === 0 ? <Empty>{t("health.none")}</Empty> : <Channels items={items} />)}
      </Loaded>
    </section>
  );
}

const COLUMNS = ["channel", "last", "events", "lag", "errors", "signatures", "state"] as const;

function Channels({ items }: { items: EndpointHealth[] }) {
  const { t } = useTranslation();
  return (
    <Table className="numbers" verticalSpacing={4} fz="sm">
      <Table.Thead>
        <Table.Tr>
          {COLUMNS.map((column) => (
            <Table.Th key={column}>{t(`health.${column}`)}</Table.Th>
          ))}
          <Table.Th>
            <VisuallyHidden>{t("health.test")}</VisuallyHidden>
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {items.map((item) => (
          <Channel key={item.id} item={item} />
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Channel({ item }: { item: EndpointHealth }) {
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap={6} wrap="nowrap">
          <ChannelIcon channel={item.channel} adapter={item.adapter} />
          {item.endpoint}
        </Group>
      </Table.Td>
      <Table.Td>{item.last_event_at ? <Moment at={item.last_event_at} /> : "–"}</Table.Td>
      <Table.Td>{item.events}</Table.Td>
      <Table.Td>{item.lag_seconds === null ? "–" : duration(item.lag_seconds)}</Table.Td>
      <Table.Td>{item.attempts === 0 ? "–" : `${item.failed}/${item.attempts}`}</Table.Td>
      <Table.Td>{item.signature_failures}</Table.Td>
      <Table.Td>
        <State item={item} />
      </Table.Td>
      <Table.Td>{item.testable && <TestButton endpoint={item.endpoint} />}</Table.Td>
    </Table.Tr>
  );
}

/** The worst that is known of it, in a word; why, where somebody points at it. */
function State({ item }: { item: EndpointHealth }) {
  const { t } = useTranslation();
  const { circuit, listener } = item;
  const listens = listener === null || listener.state === "listening";
  const [color, word, why] = circuit
    ? [circuit.state === "open" ? "red" : "yellow", t(`health.circuit.${circuit.state}`), circuit.reason]
    : !listens
      ? ["red", t(`health.listener.${listener.state}`), listener.error]
      : item.silent_since
        ? ["orange", t("health.silent"), t("health.alarm.silent", facts(item))]
        : ["teal", t("health.well"), null];
  return (
    <Tooltip label={why} disabled={!why} multiline maw={320}>
      <Badge color={color} tabIndex={why ? 0 : undefined}>
        {word}
      </Badge>
    </Tooltip>
  );
}

function TestButton({ endpoint }: { endpoint: string }) {
  const { t } = useTranslation();
  const test = useMutation({
    mutationFn: () =>
      told<EndpointTest>(api.POST("/v1/endpoints/{key}/test", { params: { path: { key: endpoint } } })),
    onError: report,
  });
  const found = test.data;
  return (
    <Group gap={6} wrap="nowrap">
      <Button
        size="compact-xs"
        variant="default"
        loading={test.isPending}
        aria-label={t("health.testOf", { endpoint })}
        onClick={() => test.mutate()}
      >
        {t("health.test")}
      </Button>
      <Text size="xs" role="status" c={found && !found.came_through ? "red" : "dimmed"} maw={260}>
        {found &&
          (found.came_through
            ? t("health.cameThrough", { seconds: found.seconds ?? 0 })
            : t("health.notThrough", { problem: found.problem ?? "" }))}
      </Text>
    </Group>
  );
}
