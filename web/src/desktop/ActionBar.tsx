import { Button, Group } from "@mantine/core";
import {
  IconArrowsExchange,
  IconCheck,
  IconHandStop,
  IconParking,
  IconPhoneOff,
  IconQuestionMark,
  IconPlayerPlay,
} from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Interaction } from "../client/contract";
import { useAct } from "./actions";
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
  const [dialog, setDialog] = useState<"transfer" | "park" | null>(null);
  useTransferShortcut(inHand ? () => setDialog("transfer") : null);
  const parkedMine = interaction.state === "parked" && work.interactions[interaction.id] !== undefined;
  const digital = interaction.channel !== "voice";
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
      {(parkedMine || interaction.state === "queued") && (
        <Button
          leftSection={
            interaction.state === "queued" ? <IconHandStop size={15} /> : <IconPlayerPlay size={15} />
          }
          loading={act.isPending}
          onClick={() => act.mutate("take")}
        >
          {interaction.state === "queued" ? t("work.take") : t("actions.resume")}
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
      {close ? t("actions.close") : t("actions.endChat")}
    </Button>
  );
}
