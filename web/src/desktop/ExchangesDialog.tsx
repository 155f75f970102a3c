import { Badge, Code, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Exchange, Id } from "../client/contract";
import { api, told } from "../client/http";
import { Dialog } from "../ui/Dialog";
import { word } from "../ui/i18n";
import { Empty, Loaded } from "../ui/States";
import { full } from "../ui/time";

/** For administrators: the requests that sent a message, and what the platform answered. */
export function ExchangesDialog({ touchId, close }: { touchId: Id; close: () => void }) {
  const { t } = useTranslation();
  const exchanges = useQuery({
    queryKey: ["exchanges", touchId],
    queryFn: () =>
      told<{ items: Exchange[] }>(
        api.GET("/v1/touches/{touch_id}/exchanges", { params: { path: { touch_id: touchId } } }),
      ),
    gcTime: 0,
  });
  return (
    <Dialog close={close} title={t("sending.exchanges")} size="lg">
      <Loaded query={exchanges}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty>{t("sending.noExchanges")}</Empty>
          ) : (
            <Stack gap="md">
              {items.map((exchange) => (
                <OneExchange key={exchange.id} exchange={exchange} />
              ))}
            </Stack>
          )
        }
      </Loaded>
    </Dialog>
  );
}

function OneExchange({ exchange }: { exchange: Exchange }) {
  const { t } = useTranslation();
  const good = exchange.status !== null && exchange.status < 400;
  return (
    <Stack gap={4}>
      <Group gap={8}>
        <Badge size="sm" color={good ? "green" : "red"} variant="light">
          {exchange.status ?? t("sending.noAnswer")}
        </Badge>
        <Text size="xs" c="dimmed">
          {full(exchange.at)}
          {exchange.seconds !== null && ` · ${exchange.seconds.toFixed(2)} s`}
          {exchange.outcome && ` · ${word("delivery", exchange.outcome)}`}
        </Text>
      </Group>
      <Text size="sm" style={{ overflowWrap: "anywhere" }}>
        {exchange.method} {exchange.url}
      </Text>
      {exchange.reason && (
        <Text size="xs" c="red">
          {exchange.reason}
        </Text>
      )}
      <Body title={t("sending.request")} text={exchange.request} />
      <Body title={t("sending.response")} text={exchange.response} />
    </Stack>
  );
}

function Body({ title, text }: { title: string; text: string }) {
  if (!text) return null;
  return (
    <div>
      <Text size="xs" fw={600}>
        {title}
      </Text>
      <Code block tabIndex={0} style={{ maxHeight: 200, overflow: "auto", whiteSpace: "pre-wrap" }}>
        {text}
      </Code>
    </div>
  );
}
