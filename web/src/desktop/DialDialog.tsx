import { Alert, Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Interaction } from "../client/contract";
import { api, told } from "../client/http";
import { Dialog } from "../ui/Dialog";
import { AddressBook } from "../ui/DirectoryPick";
import { Failure } from "../ui/States";
import { useChosen } from "./chosen";
import { useDesk } from "./desk";
import { useMe } from "./queries";

/** We call: one's own phone rings first, then the customer's. */
export function DialDialog({ number: given, close }: { number: string; close: () => void }) {
  const { t } = useTranslation();
  const { store } = useDesk();
  const { choose } = useChosen();
  const me = useMe().data;
  const phones = (me?.devices ?? []).map((device) => device.endpoint);
  const [number, setNumber] = useState(given);
  const [endpoint, setEndpoint] = useState<string | null>(null);
  const [queue, setQueue] = useState<string | null>(null);
  const [note, setNote] = useState("");
  const from = endpoint ?? phones[0] ?? "";
  const dial = useMutation({
    mutationFn: () =>
      told<Interaction>(
        api.POST("/v1/interactions", {
          body: {
            channel: "voice",
            endpoint: from,
            address: { kind: "phone", value: number.trim() },
            queue: queue ?? undefined,
            purpose: "service",
            text: note.trim() || undefined,
          },
        }),
      ),
    onSuccess: (interaction) => {
      store.dispatch({ name: "interaction.fetched", interaction });
      choose(interaction.id);
      close();
    },
  });
  function submit(event: FormEvent): void {
    event.preventDefault();
    dial.mutate();
  }
  return (
    <Dialog close={close} title={t("dial.title")}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          {phones.length === 0 ? (
            <Alert color="yellow">{t("dial.noPhone")}</Alert>
          ) : (
            <Text size="sm" c="dimmed">
              {t("dial.hint")}
            </Text>
          )}
          <TextInput
            label={t("dial.number")}
            required
            value={number}
            onChange={(event) => setNumber(event.currentTarget.value)}
            data-autofocus
          />
          <AddressBook typed={number} choose={({ key }) => setNumber(key)} />
          {phones.length > 1 && (
            <Select label={t("dial.endpoint")} data={phones} value={from} onChange={setEndpoint} />
          )}
          <Select
            label={t("dial.queue")}
            data={(me?.queues ?? []).map(({ key }) => key)}
            value={queue}
            onChange={setQueue}
            clearable
            searchable
          />
          <TextInput
            label={t("dial.note")}
            value={note}
            onChange={(event) => setNote(event.currentTarget.value)}
          />
          {dial.error && <Failure error={dial.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t("common.cancel")}
            </Button>
            <Button type="submit" disabled={!number.trim() || !from} loading={dial.isPending}>
              {t("dial.submit")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
