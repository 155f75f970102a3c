import { ActionIcon, Badge, Button, Group, Indicator, Tabs, Text, Tooltip, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconInbox, IconPhoneCall } from "@tabler/icons-react";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import type { Interaction, ListedInteraction } from "../client/contract";
import { myLeg, shownState, waitsForAgent } from "../client/work";
import { ChannelIcon, channelWord, Since, StateBadge, TierBadge } from "../ui/marks";
import { Empty, Loaded, Loading } from "../ui/States";
import { moment } from "../ui/time";
import { WhyButton } from "../ui/WhyDialog";
import { useAct, useSetPresence } from "./actions";
import { CallbackDialog } from "./CallbackDialog";
import { groupOf, GROUPS, listed, useChosen } from "./chosen";
import { useDesk, useWork } from "./desk";
import { nameOf } from "../ui/names";
import { useWaiting } from "./queries";

export function WorkColumn() {
  const { t } = useTranslation();
  const work = useWork();
  return (
    <Tabs defaultValue="mine" style={{ flex: 1, minHeight: 0, display: "flex", flexDirection: "column" }}>
      <Tabs.List grow>
        <Tabs.Tab value="mine" rightSection={<Count value={Object.keys(work.interactions).length} />}>
          {t("work.mine")}
        </Tabs.Tab>
        <Tabs.Tab value="waiting">{t("work.waiting")}</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="mine" className="scroll">
        <MyWork />
      </Tabs.Panel>
      <Tabs.Panel value="waiting" className="scroll">
        <Waiting />
      </Tabs.Panel>
    </Tabs>
  );
}

function Count({ value }: { value: number }) {
  return value > 0 ? (
    <Badge circle size="xs">
      {value}
    </Badge>
  ) : null;
}

function MyWork() {
  const { t } = useTranslation();
  const work = useWork();
  if (!work.agentId) return <Loading />;
  const items = listed(work);
  if (items.length === 0) return <NothingInHand />;
  return GROUPS.map((group) => {
    const members = items.filter((item) => groupOf(item, work) === group);
    if (members.length === 0) return null;
    return (
      <section key={group} aria-label={t(`work.${group}`)}>
        <div className="section">
          {t(`work.${group}`)} · {members.length}
        </div>
        {members.map((item) => (
          <WorkRow key={item.id} item={item} />
        ))}
      </section>
    );
  });
}

/** Whoever is not available is told that this is why nothing comes, with the one button that changes it. */
function NothingInHand() {
  const { t } = useTranslation();
  const { presence } = useWork();
  const set = useSetPresence();
  const away = presence !== null && presence.status !== "available";
  return (
    <Empty icon={<IconInbox size={28} stroke={1.2} />}>
      {t(away ? "work.emptyAway" : "work.empty")}
      {away && (
        <Button mt="sm" loading={set.isPending} onClick={() => set.mutate({ status: "available" })}>
          {t("help.available")}
        </Button>
      )}
    </Empty>
  );
}

function WorkRow({ item }: { item: Interaction }) {
  const { t } = useTranslation();
  const work = useWork();
  const { unread } = useDesk();
  const { id, choose } = useChosen();
  const leg = myLeg(item, work.agentId);
  const news = unread.has(item.id);
  return (
    <UnstyledButton
      className="row"
      aria-current={item.id === id}
      onClick={() => choose(item.id)}
      aria-label={t("work.openOf", { channel: channelWord(item.channel, item.endpoint?.adapter), name: nameOf(item) })}
    >
      <Group gap={8} wrap="nowrap">
        <Indicator
          disabled={!news}
          size={8}
          color="red"
          label={null}
          aria-label={news ? t("work.unread") : undefined}
        >
          <ChannelIcon channel={item.channel} adapter={item.endpoint?.adapter} />
        </Indicator>
        <Text size="sm" fw={news ? 700 : 500} className="clip" style={{ flex: 1 }}>
          {nameOf(item)}
        </Text>
        <TierBadge tier={item.tier} />
      </Group>
      <Text size="xs" c="dimmed" className="clip" mt={2}>
        {item.subject || item.preview || " "}
      </Text>
      <Group justify="space-between" mt={2} gap={4}>
        <StateBadge state={shownState(item, leg)} />
        <Text size="xs" c="dimmed">
          {timeOf(item, leg?.wrap_up_at ?? leg?.answered_at ?? leg?.accepted_at, t)}
        </Text>
      </Group>
    </UnstyledButton>
  );
}

function timeOf(
  item: Interaction,
  since: string | null | undefined,
  t: TFunction,
) {
  if (item.state !== "parked") return since ? <Since from={since} /> : null;
  return item.parked_until
    ? t("work.parkedUntil", { time: moment(item.parked_until) })
    : t("work.parkedCustomer");
}

function Waiting() {
  const { t } = useTranslation();
  const waiting = useWaiting(true);
  return (
    <Loaded query={waiting}>
      {({ items, next_cursor }) =>
        items.length === 0 ? (
          <Empty>{t("work.emptyWaiting")}</Empty>
        ) : (
          <>
            {items.map((item) => (
              <WaitingRow key={item.id} item={item} />
            ))}
            {next_cursor && (
              <Text p="sm" size="xs" c="dimmed">
                {t("work.truncated", { count: items.length })}
              </Text>
            )}
          </>
        )
      }
    </Loaded>
  );
}

function WaitingRow({ item }: { item: ListedInteraction }) {
  const { t } = useTranslation();
  const { choose } = useChosen();
  const act = useAct(item.id);
  const [calling, { open, close }] = useDisclosure(false);
  return (
    <div className="row">
      <Group gap={8} wrap="nowrap">
        <ChannelIcon channel={item.channel} adapter={item.endpoint?.adapter} />
        <Text size="sm" fw={500} className="clip" style={{ flex: 1 }}>
          {nameOf(item)}
        </Text>
        {item.callback && <Badge size="xs">{t("callback.badge")}</Badge>}
        <TierBadge tier={item.tier} />
      </Group>
      <Text size="xs" c="dimmed" className="clip" mt={2}>
        {item.subject || item.preview || " "}
      </Text>
      <Group justify="space-between" mt={4} wrap="nowrap">
        <Text size="xs" c="dimmed" className="clip">
          {item.queue} ·{" "}
          {item.callback?.at ? (
            t("callback.from", { time: moment(item.callback.at) })
          ) : (
            <Since from={item.queued_at ?? item.created_at} />
          )}
        </Text>
        <Group gap={4} wrap="nowrap">
          {!item.callback?.at && <WhyButton id={item.id} name={nameOf(item)} />}
          {item.channel === "voice" && (
            <Tooltip label={t("callback.title")}>
              <ActionIcon size="sm" aria-label={t("callback.of", { name: nameOf(item) })} onClick={open}>
                <IconPhoneCall size={14} />
              </ActionIcon>
            </Tooltip>
          )}
          <Button
            size="compact-xs"
            variant="default"
            disabled={!waitsForAgent(item)}
            loading={act.isPending}
            aria-label={t("work.takeLabel", { name: nameOf(item) })}
            onClick={() =>
              act.mutateAsync("take").then(
                () => choose(item.id),
                () => undefined,
              )
            }
          >
            {t("work.take")}
          </Button>
        </Group>
        {calling && <CallbackDialog interaction={item} close={close} />}
      </Group>
    </div>
  );
}
