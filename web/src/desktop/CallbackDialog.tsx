import { Button, Group, Radio, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Interaction, ListedInteraction } from "../client/contract";
import { api, told } from "../client/http";
import { Dialog } from "../ui/Dialog";
import { Failure } from "../ui/States";
import { tell } from "../ui/problems";
import { moment } from "../ui/time";
import { useDesk } from "./desk";
import { parkedUntil } from "./parking";

const CHOICES = ["soon", "hour", "tomorrow", "at"] as const;
type Choice = (typeof CHOICES)[number];

/** The customer is called back: in their place in the queue, or at a later time. */
export function CallbackDialog({
  interaction,
  close,
}: {
  interaction: ListedInteraction;
  close: () => void;
}) {
  const { t } = useTranslation();
  const { store } = useDesk();
  const [choice, setChoice] = useState<Choice>("soon");
  const [at, setAt] = useState("");
  const [number, setNumber] = useState("");
  const arrange = useMutation({
    mutationFn: () => {
      const when = choice === "soon" ? null : parkedUntil(choice, at, new Date());
      const value = number.trim();
      return told<Interaction>(
        api.POST("/v1/interactions/{interaction_id}/callback", {
          params: { path: { interaction_id: interaction.id } },
          body: {
            at: when ?? undefined,
            address: value ? { kind: "phone", value } : undefined,
          },
        }),
      );
    },
    onSuccess: ({ callback }) => {
      const time = callback?.at ? moment(callback.at) : null;
      tell(time ? t("callback.arrangedAt", { time }) : t("callback.arranged"));
      store.dispatch({ name: "interaction.touched", id: interaction.id });
      close();
    },
  });
  function submit(event: FormEvent): void {
    event.preventDefault();
    arrange.mutate();
  }
  return (
    <Dialog close={close} title={t("callback.title")}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Text size="sm" c="dimmed">
            {interaction.state === "queued" ? t("callback.keepsPlace") : t("callback.follows")}
          </Text>
          <Radio.Group
            label={t("callback.when")}
            value={choice}
            onChange={(value) => setChoice(value as Choice)}
          >
            <Stack gap={8} mt={6}>
              {CHOICES.map((value) => (
                <Radio key={value} value={value} label={t(`callback.${value}`)} size="xs" />
              ))}
            </Stack>
          </Radio.Group>
          {choice === "at" && (
            <TextInput
              type="datetime-local"
              required
              aria-label={t("callback.at")}
              value={at}
              onChange={(event) => setAt(event.currentTarget.value)}
            />
          )}
          <TextInput
            label={t("callback.number")}
            inputMode="tel"
            placeholder={interaction.address?.kind === "phone" ? interaction.address.value : undefined}
            value={number}
            onChange={(event) => setNumber(event.currentTarget.value)}
          />
          {arrange.error && <Failure error={arrange.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t("common.cancel")}
            </Button>
            <Button type="submit" loading={arrange.isPending}>
              {t("callback.submit")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
