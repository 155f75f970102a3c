import { Button, Group, Stack, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { DirectoryEntry, Interaction } from "../client/contract";
import { api, content } from "../client/http";
import { Dialog } from "../ui/Dialog";
import { DirectoryPick, targetOf } from "../ui/DirectoryPick";
import { Failure } from "../ui/States";
import { tell } from "../ui/problems";
import { useDesk, useWork } from "./desk";

/** Hand it over at once, or ask first: then a caller waits on hold. */
export function TransferDialog({ interaction, close }: { interaction: Interaction; close: () => void }) {
  const { t } = useTranslation();
  const { store } = useDesk();
  const work = useWork();
  const [chosen, setChosen] = useState<DirectoryEntry | null>(null);
  const [note, setNote] = useState("");
  const transfer = useMutation({
    mutationFn: (entry: DirectoryEntry) => {
      const body = { to: targetOf(entry), note: note.trim() || undefined };
      return content(
        api.POST("/v1/interactions/{interaction_id}/transfer", {
          params: { path: { interaction_id: interaction.id } },
          body,
        }),
      );
    },
    onSuccess: () => {
      tell(t("transfer.done"));
      store.dispatch({ name: "interaction.touched", id: interaction.id });
      close();
    },
  });
  const consult = useMutation({
    mutationFn: (entry: DirectoryEntry) =>
      content(
        api.POST("/v1/interactions/{interaction_id}/consult", {
          params: { path: { interaction_id: interaction.id } },
          body: { to: targetOf(entry) },
        }),
      ),
    onSuccess: () => {
      tell(t("consult.asked"));
      store.dispatch({ name: "interaction.touched", id: interaction.id });
      close();
    },
  });
  const busy = transfer.isPending || consult.isPending;
  const error = transfer.error ?? consult.error;
  return (
    <Dialog close={close} title={t("transfer.title")} size="md">
      <Stack gap="sm">
        <DirectoryPick
          without={work.agentId}
          chosen={chosen}
          choose={setChosen}
          numbers={interaction.channel === "voice"}
        />
        <Textarea
          label={t("transfer.note")}
          autosize
          minRows={2}
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
        {error && <Failure error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t("common.cancel")}
          </Button>
          <Button
            variant="light"
            disabled={!chosen || busy}
            loading={consult.isPending}
            onClick={() => chosen && consult.mutate(chosen)}
          >
            {t("consult.ask")}
          </Button>
          <Button
            disabled={!chosen || busy}
            loading={transfer.isPending}
            onClick={() => chosen && transfer.mutate(chosen)}
          >
            {chosen ? t("transfer.to", { name: chosen.name }) : t("transfer.submit")}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
