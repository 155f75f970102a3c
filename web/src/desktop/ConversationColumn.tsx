import { Group, Text } from "@mantine/core";
import { IconMessages } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Id, Interaction, Touch } from "../client/contract";
import { myLeg, shownState } from "../client/work";
import { ChannelIcon, Since, StateBadge, TierBadge } from "../ui/marks";
import { Empty, Loaded } from "../ui/States";
import { moment } from "../ui/time";
import { WhyDialog } from "../ui/WhyDialog";
import { ActionBar } from "./ActionBar";
import { CallBar } from "./CallBar";
import { ConsultBar } from "./ConsultBar";
import { Composer } from "./Composer";
import { Conversation } from "./Conversation";
import { useWork } from "./desk";
import { addressOf, nameOf } from "../ui/names";
import { useInteraction } from "./queries";
import { TypingLine } from "./TypingLine";
import { WrapUp } from "./WrapUp";

export function ConversationColumn({ id }: { id: Id | null }) {
  const { t } = useTranslation();
  const mine = useWork().interactions[id ?? ""];
  if (!id) {
    return (
      <Empty icon={<IconMessages size={36} stroke={1.2} />} hint={t("work.chooseHint")}>
        {t("work.choose")}
      </Empty>
    );
  }
  return mine ? <Opened key={id} interaction={mine} /> : <OthersInteraction key={id} id={id} />;
}

/** Not in my hands: shown, not touched. */
function OthersInteraction({ id }: { id: Id }) {
  return <Loaded query={useInteraction(id)}>{(interaction) => <Opened interaction={interaction} />}</Loaded>;
}

const REPLIABLE = new Set(["chat", "messaging", "email", "form"]);

function Opened({ interaction }: { interaction: Interaction }) {
  const { t } = useTranslation();
  const work = useWork();
  const [why, setWhy] = useState(false);
  const [quoted, setQuoted] = useState<Touch | null>(null);
  const leg = myLeg(interaction, work.agentId);
  const mine = interaction.id in work.interactions;
  const talking = leg?.state === "active" || leg?.state === "held";
  const inHand = mine && interaction.state === "active" && talking && leg.role === "primary";
  useFocus(interaction.id);
  function quote(touch: Touch): void {
    setQuoted(touch);
    document.getElementById("composer")?.focus();
  }
  return (
    <>
      <div className="bar">
        <ChannelIcon channel={interaction.channel} adapter={interaction.endpoint?.adapter} size={18} />
        <div style={{ flex: 1, minWidth: 0 }}>
          <Group gap={8} wrap="nowrap">
            <Text
              component="h2"
              id="conversation-heading"
              tabIndex={-1}
              fw={600}
              size="md"
              className="clip"
              m={0}
            >
              {nameOf(interaction)}
            </Text>
            <TierBadge tier={interaction.tier} />
            <StateBadge state={shownState(interaction, mine ? leg : null)} />
          </Group>
          <Text size="xs" c="dimmed" className="clip">
            {[interaction.queue, interaction.endpoint?.key, addressOf(interaction)].filter(Boolean).join(" · ")}
            {interaction.ended_at ? null : (
              <>
                {" "}
                · <Since from={interaction.created_at} />
              </>
            )}
            {interaction.due_at && ` · ${t("task.dueAt", { time: moment(interaction.due_at) })}`}
          </Text>
        </div>
        <ActionBar interaction={interaction} inHand={inHand} openWhy={() => setWhy(true)} />
      </div>
      {interaction.channel === "voice" && mine && leg && <CallBar interaction={interaction} leg={leg} />}
      {mine && leg && <ConsultBar interaction={interaction} leg={leg} />}
      <Conversation
        interaction={interaction}
        inHand={inHand}
        quote={inHand && interaction.endpoint?.writing.quotes ? quote : undefined}
      />
      {interaction.channel === "chat" && inHand && <TypingLine id={interaction.id} />}
      {mine && leg?.state === "wrap_up" ? (
        <WrapUp interaction={interaction} queue={leg.queue} due={leg.wrap_up_due_at} />
      ) : (
        mine && (
          <Composer
            interaction={interaction}
            canReply={inHand && REPLIABLE.has(interaction.channel)}
            quoted={quoted}
            unquote={() => setQuoted(null)}
          />
        )
      )}
      {why && <WhyDialog id={interaction.id} name={nameOf(interaction)} close={() => setWhy(false)} />}
    </>
  );
}

/** What was just opened can be answered at once, or is at least where the tab order goes on. */
function useFocus(id: Id): void {
  useEffect(() => {
    const place = document.getElementById("composer") ?? document.getElementById("conversation-heading");
    place?.focus({ preventScroll: true });
  }, [id]);
}
