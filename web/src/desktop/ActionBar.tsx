import { ActionIcon, Button, Group, Tooltip } from "@mantine/core";
import {
  IconArrowsExchange,
  IconCheck,
  IconHandStop,
  IconParking,
  IconPhoneCall,
  IconPhoneOff,
  IconQuestionMark,
  IconPlayerPlay,
} from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Interaction } from "../client/contract";
import { waitsForAgent } from "../client/work";
import { useAct } from "./actions";
import { CallbackDialog } from "./CallbackDialog";
import { useWork } from "./desk";
import { ParkDialog } from "./ParkDialog";
import { TransferDialog } from "./TransferDialog";
import { useTransferShortcut } from "./shortcuts";

interface Props {
  interaction: Interaction;
  /** My live leg holds it and it is active. */
  inHand: boolean;
  openWhy: () => void;
}

const CLOSED_BY_HAND = new Set(["email", "form", "task"]);

export function ActionBar({ interaction, inHand, openWhy }: Props) {
  const { t } = useTranslation();
  const work = useWork();
  const act = useAct(interaction.id);
  const [dialog, setDialog] = useState<"transfer" | "park" | "callback" | null>(null);
  useTransferShortcut(inHand ? () => setDialog("transfer") : null);
  const parkedMine = interaction.state === "parked" && work.interactions[interaction.id] !== undefined;
  const digital = interaction.channel !== "voice";
  const waits = waitsForAgent(interaction);
  return (
    <Group gap={4} wrap="nowrap" role="toolbar" aria-label={t("actions.label")}>
      <Button
        variant="subtle"
        color="gray"
        px={8}
        leftSection={<IconQuestionMark size={15} />}
        onClick={openWhy}
      >
        {t("actions.why")}
      </Button>
      {(parkedMine || waits) && (
        <Button
          leftSection={
            waits ? <IconHandStop size={15} /> : <IconPlayerPlay size={15} />
          }
          loading={act.isPending}
          onClick={() => act.mutate("take")}
        >
          {waits ? t("work.take") : t("actions.resume")}
        </Button>
      )}
      {inHand && (
        <Button
          variant="default"
          px={10}
          leftSection={<IconArrowsExchange size={15} />}
          onClick={() => setDialog("transfer")}
        >
          {t("actions.transfer")}
        </Button>
      )}
      {interaction.state !== "connecting" && (
        <Tooltip label={t("callback.title")}>
          <ActionIcon
            size="input-xs"
            variant="default"
            aria-label={t("callback.title")}
            onClick={() => setDialog("callback")}
          >
            <IconPhoneCall size={15} />
          </ActionIcon>
        </Tooltip>
      )}
      {inHand && digital && (
        <Button
          variant="default"
          px={10}
          leftSection={<IconParking size={15} />}
          onClick={() => setDialog("park")}
        >
          {t("actions.park")}
        </Button>
      )}
      {inHand && digital && <EndButton interaction={interaction} act={act} />}
      {dialog === "transfer" && <TransferDialog interaction={interaction} close={() => setDialog(null)} />}
      {dialog === "callback" && <CallbackDialog interaction={interaction} close={() => setDialog(null)} />}
      {dialog === "park" && <ParkDialog interaction={interaction} close={() => setDialog(null)} />}
    </Group>
  );
}

function EndButton({ interaction, act }: { interaction: Interaction; act: ReturnType<typeof useAct> }) {
  const { t } = useTranslation();
  const close = CLOSED_BY_HAND.has(interaction.channel);
  return (
    <Button
      variant="light"
      px={10}
      color={close ? "teal" : "red"}
      loading={act.isPending}
      leftSection={close ? <IconCheck size={15} /> : <IconPhoneOff size={15} />}
      onClick={() => act.mutate(close ? "close" : "end")}
    >
      {t(close ? "actions.close" : interaction.channel === "chat" ? "actions.endChat" : "actions.endTalk")}
    </Button>
  );
}
