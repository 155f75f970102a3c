import { ActionIcon, Button, Group, Menu, Stack, Table, Text, Tooltip } from "@mantine/core";
import { IconArrowsExchange, IconArrowUp, IconDotsVertical, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { DirectoryEntry, ListedInteraction } from "../client/contract";
import { api, content } from "../client/http";
import { Dialog } from "../ui/Dialog";
import { DirectoryPick, targetOf } from "../ui/DirectoryPick";
import { ChannelIcon, Since, StateBadge, TierBadge } from "../ui/marks";
import { nameOf } from "../ui/names";
import { Empty, Loaded } from "../ui/States";
import { duration } from "../ui/time";
import { WhyDialog } from "../ui/WhyDialog";
import { useSteer, useWaiting } from "./queries";
import classes from "./Wallboard.module.css";

const BOOSTS = [60, 300, 900];

export function WaitingPanel({ queue }: { queue: string }) {
  const { t } = useTranslation();
  const waiting = useWaiting(queue);
  const title = t("common.of", { what: t("wall.waiting"), of: queue });
  return (
    <section className={classes.panel} aria-label={title}>
      <Group px="sm" py={6}>
        <Text fw={600} size="sm">
          {title}
        </Text>
      </Group>
      <Loaded query={waiting}>
        {({ items, next_cursor }) =>
          items.length === 0 ? (
            <Empty>{t("work.emptyWaiting")}</Empty>
          ) : (
            <>
              <Table fz="sm" verticalSpacing={4}>
                <Table.Tbody>
                  {items.map((item) => (
                    <Line key={item.id} item={item} />
                  ))}
                </Table.Tbody>
              </Table>
              {next_cursor && (
                <Text p="sm" size="xs" c="dimmed">
                  {t("work.truncated", { count: items.length })}
                </Text>
              )}
            </>
          )
        }
      </Loaded>
    </section>
  );
}

function Line({ item }: { item: ListedInteraction }) {
  const { t } = useTranslation();
  const [dialog, setDialog] = useState<"why" | "reassign" | "close" | null>(null);
  const close = () => setDialog(null);
  const path = { interaction_id: item.id };
  const prioritise = useSteer(
    (boost_seconds: number) =>
      content(
        api.POST("/v1/interactions/{interaction_id}/prioritise", {
          params: { path },
          body: { boost_seconds },
        }),
      ),
    t("wall.prioritised"),
  );
  return (
    <Table.Tr>
      <Table.Td w={30}>
        <ChannelIcon channel={item.channel} adapter={item.endpoint?.adapter} />
      </Table.Td>
      <Table.Td>
        <Text span size="sm" fw={500}>
          {nameOf(item)}
        </Text>{" "}
        <TierBadge tier={item.tier} /> {item.state !== "queued" && <StateBadge state={item.state} />}
      </Table.Td>
      <Table.Td c="dimmed" maw={260} className="clip">
        {item.subject ?? item.preview}
      </Table.Td>
      <Table.Td ta="right" w={110} c="dimmed" className="numbers">
        {item.estimated_wait_seconds && (
          <Tooltip label={t("wall.turnLong")}>
            <span tabIndex={0}>{t("wall.turnIn", { wait: duration(item.estimated_wait_seconds.p90) })}</span>
          </Tooltip>
        )}
      </Table.Td>
      <Table.Td ta="right" w={80}>
        <Since from={item.queued_at ?? item.created_at} />
      </Table.Td>
      <Table.Td w={120} ta="right">
        <Group gap={2} justify="flex-end" wrap="nowrap">
          {!item.callback?.at && (
            <Button size="compact-xs" variant="subtle" onClick={() => setDialog("why")}>
              {t("actions.why")}
            </Button>
          )}
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon size="sm" aria-label={t("wall.actionsOf", { name: nameOf(item) })}>
                <IconDotsVertical size={15} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Label>{t("wall.prioritise")}</Menu.Label>
              {BOOSTS.map((boost) => (
                <Menu.Item
                  key={boost}
                  leftSection={<IconArrowUp size={14} />}
                  onClick={() => prioritise.mutate(boost)}
                >
                  {t("wall.boost", { duration: duration(boost) })}
                </Menu.Item>
              ))}
              <Menu.Divider />
              <Menu.Item leftSection={<IconArrowsExchange size={14} />} onClick={() => setDialog("reassign")}>
                {t("wall.reassign")}
              </Menu.Item>
              <Menu.Item color="red" leftSection={<IconX size={14} />} onClick={() => setDialog("close")}>
                {t("wall.forceClose")}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </Group>
        {dialog === "why" && <WhyDialog id={item.id} name={nameOf(item)} close={close} />}
        {dialog === "reassign" && <ReassignDialog id={item.id} close={close} />}
        {dialog === "close" && <ForceCloseDialog id={item.id} close={close} />}
      </Table.Td>
    </Table.Tr>
  );
}

export function ReassignDialog({ id, close }: { id: string; close: () => void }) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<DirectoryEntry | null>(null);
  const reassign = useSteer(
    (entry: DirectoryEntry) =>
      content(
        api.POST("/v1/interactions/{interaction_id}/reassign", {
          params: { path: { interaction_id: id } },
          body: targetOf(entry),
        }),
      ),
    t("wall.reassigned"),
    close,
  );
  return (
    <Dialog close={close} title={t("wall.reassign")}>
      <Stack gap="sm">
        <DirectoryPick numbers={false} chosen={chosen} choose={setChosen} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t("common.cancel")}
          </Button>
          <Button
            disabled={!chosen}
            loading={reassign.isPending}
            onClick={() => chosen && reassign.mutate(chosen)}
          >
            {t("wall.reassign")}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}

export function ForceCloseDialog({ id, close }: { id: string; close: () => void }) {
  const { t } = useTranslation();
  const force = useSteer(
    () =>
      content(
        api.POST("/v1/interactions/{interaction_id}/force-close", {
          params: { path: { interaction_id: id } },
          body: {},
        }),
      ),
    t("wall.forceClosed"),
    close,
  );
  return (
    <Dialog close={close} title={t("wall.forceClose")}>
      <Stack gap="sm">
        <Text size="sm">{t("wall.forceCloseAsk")}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-autofocus>
            {t("common.cancel")}
          </Button>
          <Button color="red" loading={force.isPending} onClick={() => force.mutate(undefined)}>
            {t("wall.forceClose")}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
