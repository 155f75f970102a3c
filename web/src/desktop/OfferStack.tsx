import { Alert, Badge, Button, CloseButton, Group, Menu, Paper, Progress, Stack, Text } from "@mantine/core";
import { IconCheck, IconX } from "@tabler/icons-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Id } from "../client/contract";
import type { OpenOffer } from "../client/work";
import { word } from "../ui/i18n";
import { ChannelIcon, channelWord, Since, TierBadge, useNow } from "../ui/marks";
import { useAcceptOffer, useDeclineOffer } from "./actions";
import { useAutoTaken } from "./autoTaken";
import { useChosen } from "./chosen";
import { useDesk, useWork } from "./desk";
import { addressOf, nameOf } from "../ui/names";
import { moment } from "../ui/time";
import { WhyButton } from "../ui/WhyDialog";
import { chime, prepareSound, ring } from "./sound";

const DECLINE_REASONS = ["busy", "skill", "personal"];

/** Offers stand above everything else until they are answered or end. */
export function OfferStack() {
  const { offers, lostOffer } = useWork();
  const open = Object.values(offers).sort((a, b) => a.deadline - b.deadline);
  useAutoTaken();
  useRing(open.some((offer) => offer.accept !== "device" && !offer.auto_accept));
  return (
    <div aria-live="assertive">
      {open.map((offer) => (
        <OfferCard key={offer.offer_id} offer={offer} />
      ))}
      {lostOffer && open.length === 0 && (
        <LostOffer name={lostOffer.offer.customer.name} cause={lostOffer.cause} />
      )}
    </div>
  );
}

function OfferCard({ offer }: { offer: OpenOffer }) {
  const { t } = useTranslation();
  useShown(offer.offer_id);
  useTone(offer.auto_accept === true);
  const accept = useAcceptAndOpen(offer);
  return (
    <Paper
      m="xs"
      p="sm"
      withBorder
      shadow="md"
      role="alertdialog"
      aria-label={t("offer.title")}
      style={{ borderColor: "var(--mantine-primary-color-filled)", borderWidth: 2 }}
    >
      <Stack gap={8}>
        <Group justify="space-between" wrap="nowrap">
          <Group gap={6} wrap="nowrap">
            <ChannelIcon channel={offer.channel} adapter={offer.endpoint?.adapter} />
            <Text size="sm" fw={600}>
              {channelWord(offer.channel, offer.endpoint?.adapter)}
            </Text>
          </Group>
          <Group gap={6} wrap="nowrap">
            {offer.callback && <Badge>{t("callback.badge")}</Badge>}
            <Badge variant="outline" color="gray">
              {offer.queue}
            </Badge>
          </Group>
        </Group>
        <Group gap={6} wrap="nowrap">
          <Text component="h2" m={0} size="lg" fw={700} className="clip">
            {nameOf(offer)}
          </Text>
          <TierBadge tier={offer.customer.tier} />
        </Group>
        <Text size="xs" c="dimmed" className="numbers">
          {addressOf(offer)}
          {addressOf(offer) && " · "}
          {t("offer.waiting")} <Since from={offer.waitingSince} />
          {offer.due_at && ` · ${t("task.dueAt", { time: moment(offer.due_at) })}`}
        </Text>
        {offer.callback && (
          <Text size="sm">
            {t("callback.to", { number: offer.callback.to })}
            {offer.callback.attempts > 0 && ` · ${t("callback.tries", { count: offer.callback.attempts })}`}
          </Text>
        )}
        {(offer.subject || offer.preview) && (
          <Text size="sm" lineClamp={3}>
            {offer.subject ? <b>{offer.subject} </b> : null}
            {offer.preview}
          </Text>
        )}
        {offer.customer.candidates.length > 1 && (
          <Text size="xs">{t("offer.candidates", { count: offer.customer.candidates.length })}</Text>
        )}
        {offer.asked_by && (
          <Text size="sm" fw={600}>
            {t("consult.askedBy", { name: offer.asked_by.name })}
          </Text>
        )}
        {offer.reason && (
          <Group gap={4} wrap="nowrap">
            <Text size="xs" c="dimmed">
              {word("reason", offer.reason)}
            </Text>
            <WhyButton id={offer.interaction_id} name={nameOf(offer)} />
          </Group>
        )}
        <Countdown offer={offer} />
        <Group gap="xs" grow preventGrowOverflow={false}>
          {offer.accept === "device" || offer.auto_accept ? (
            <Text size="sm" fw={600}>
              {offer.auto_accept ? t("offer.taking") : t("offer.pickUp")}
            </Text>
          ) : (
            <Button
              leftSection={<IconCheck size={16} />}
              loading={accept.isPending}
              aria-keyshortcuts="Alt+A"
              onClick={() => accept.mutate(offer.offer_id)}
            >
              {t("offer.accept")}
            </Button>
          )}
          {offer.decline !== "not_allowed" && !offer.auto_accept && <DeclineButton offer={offer} />}
        </Group>
      </Stack>
    </Paper>
  );
}

function useAcceptAndOpen(offer: { interaction_id: Id } | undefined) {
  const accept = useAcceptOffer();
  const { choose } = useChosen();
  return {
    isPending: accept.isPending,
    // The stream may take the card away before the answer comes: callbacks of `mutate` would go with it.
    mutate: (offerId: Id) =>
      accept.mutateAsync(offerId).then(
        () => offer && choose(offer.interaction_id),
        () => undefined,
      ),
  };
}

function DeclineButton({ offer }: { offer: OpenOffer }) {
  const { t } = useTranslation();
  const decline = useDeclineOffer();
  const button = (onClick?: () => void) => (
    <Button variant="default" leftSection={<IconX size={16} />} loading={decline.isPending} onClick={onClick}>
      {t("offer.decline")}
    </Button>
  );
  if (offer.decline !== "reason_required") return button(() => decline.mutate({ offerId: offer.offer_id }));
  return (
    <Menu position="bottom-end">
      <Menu.Target>{button()}</Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t("offer.declineWhy")}</Menu.Label>
        {DECLINE_REASONS.map((reason) => (
          <Menu.Item key={reason} onClick={() => decline.mutate({ offerId: offer.offer_id, reason })}>
            {word("offer.declineReasons", reason)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function Countdown({ offer }: { offer: OpenOffer }) {
  const { t } = useTranslation();
  const left = Math.max(0, (offer.deadline - useNow()) / 1000);
  const share = (100 * left) / Math.max(1, offer.expires_in_seconds);
  return (
    <Stack gap={2}>
      <Progress
        value={share}
        size="sm"
        color={left < 6 ? "red" : undefined}
        aria-label={t("offer.expires", { seconds: Math.ceil(left) })}
      />
      <Text size="xs" ta="end" className="numbers" c={left < 6 ? "red" : "dimmed"} aria-hidden>
        {t("offer.expires", { seconds: Math.ceil(left) })}
      </Text>
    </Stack>
  );
}

function LostOffer({ name, cause }: { name: string | null; cause: string }) {
  const { t } = useTranslation();
  const { store } = useDesk();
  return (
    <Alert m="xs" p="xs" color="yellow" role="status">
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <Text size="sm">
          {name ? <b>{name}: </b> : null}
          {word("offer.lost", cause)}
        </Text>
        <CloseButton
          size="sm"
          aria-label={t("common.close")}
          onClick={() => store.dispatch({ name: "offer.dismissed" })}
        />
      </Group>
    </Alert>
  );
}

/** The server revokes an offer that nobody says is on screen; told again after a reconnect. */
function useShown(offerId: Id): void {
  const { stream, connection } = useDesk();
  useEffect(() => {
    if (connection.status === "ready") stream.offerShown(offerId);
  }, [stream, offerId, connection.status]);
}

/** Once, when work comes that is taken without a click. */
function useTone(sounds: boolean): void {
  useEffect(() => {
    if (sounds) chime();
  }, [sounds]);
}

function useRing(ringing: boolean): void {
  const stop = useRef<(() => void) | null>(null);
  useEffect(() => {
    const prepare = () => prepareSound();
    window.addEventListener("pointerdown", prepare);
    window.addEventListener("keydown", prepare);
    return () => {
      window.removeEventListener("pointerdown", prepare);
      window.removeEventListener("keydown", prepare);
    };
  }, []);
  useEffect(() => {
    if (ringing) stop.current = ring();
    return () => stop.current?.();
  }, [ringing]);
}
