import { Button, Group, Radio, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Interaction } from "../client/contract";
import { api, content } from "../client/http";
import { Dialog } from "../ui/Dialog";
import { Failure } from "../ui/States";
import { tell } from "../ui/problems";
import { useDesk } from "./desk";
import { type Choice, CHOICES, parkedUntil } from "./parking";

export function ParkDialog({ interaction, close }: { interaction: Interaction; close: () => void }) {
  const { t } = useTranslation();
  const { store } = useDesk();
  const [choice, setChoice] = useState<Choice>("customer");
  const [at, setAt] = useState("");
  const park = useMutation({
    mutationFn: () => {
      const until = parkedUntil(choice, at, new Date());
      return content(
        api.POST("/v1/interactions/{interaction_id}/park", {
          params: { path: { interaction_id: interaction.id } },
          body: until ? { until } : {},
        }),
      );
    },
    onSuccess: () => {
      tell(t("actions.parked"));
      store.dispatch({ name: "interaction.touched", id: interaction.id });
      close();
    },
  });
  function submit(event: FormEvent): void {
    event.preventDefault();
    park.mutate();
  }
  return (
    <Dialog close={close} title={t("park.title")}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Text size="sm" c="dimmed">
            {t("park.hint")}
          </Text>
          <Radio.Group
            label={t("park.until")}
            value={choice}
            onChange={(value) => setChoice(value as Choice)}
          >
            <Stack gap={8} mt={6}>
              {CHOICES.map((value) => (
                <Radio key={value} value={value} label={t(`park.${value}`)} size="xs" />
              ))}
            </Stack>
          </Radio.Group>
          {choice === "at" && (
            <TextInput
              type="datetime-local"
              required
              aria-label={t("park.at")}
              value={at}
              onChange={(event) => setAt(event.currentTarget.value)}
            />
          )}
          {park.error && <Failure error={park.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t("common.cancel")}
            </Button>
            <Button type="submit" loading={park.isPending}>
              {t("park.submit")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
