import { Badge, Button, Group, Select, Stack, Text, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Interaction } from "../client/contract";
import { api, content } from "../client/http";
import { word } from "../ui/i18n";
import { useNow } from "../ui/marks";
import { Failure } from "../ui/States";
import { report, tell } from "../ui/problems";
import { useDesk } from "./desk";
import { useDraft } from "./drafts";
import { useMe } from "./queries";

/** What came of it: the disposition, a note, and the time that is left. The queue is where the agent served. */
export function WrapUp({
  interaction,
  queue: served,
  due,
}: {
  interaction: Interaction;
  queue: string;
  due: string | null;
}) {
  const { t } = useTranslation();
  const { store } = useDesk();
  const settings = useMe().data?.queues.find((queue) => queue.key === served);
  const [disposition, setDisposition] = useState<string | null>(null);
  const [note, setNote] = useDraft(`${interaction.id}/wrap-up`);
  const optional = settings?.wrap_up_mode !== "mandatory";
  const finish = useMutation({
    mutationFn: () => {
      const body = { disposition, note: note.trim() || undefined };
      return content(
        api.POST("/v1/interactions/{interaction_id}/wrap-up", {
          params: { path: { interaction_id: interaction.id } },
          body,
        }),
      );
    },
    onSuccess: () => {
      setNote("");
      tell(t("wrapUp.saved"));
      store.dispatch({ name: "interaction.touched", id: interaction.id });
    },
  });
  function submit(event: FormEvent): void {
    event.preventDefault();
    finish.mutate();
  }
  return (
    <form
      onSubmit={submit}
      aria-label={t("wrapUp.title")}
      style={{
        borderBlockStart: "2px solid var(--mantine-color-violet-filled)",
        background: "var(--desk-raised)",
      }}
    >
      <Stack gap="xs" p="sm">
        <Group justify="space-between">
          <Text fw={600} size="sm">
            {t("wrapUp.title")}
          </Text>
          {due && (
            <Group gap="xs">
              <ExtendButton interaction={interaction} />
              <TimeLeft until={due} />
            </Group>
          )}
        </Group>
        {finish.error && <Failure error={finish.error} />}
        <Group align="flex-end" gap="xs">
          <Select
            style={{ flex: 1 }}
            label={t("wrapUp.disposition")}
            value={disposition}
            onChange={setDisposition}
            clearable
            data-autofocus
            description={optional ? t("wrapUp.optional") : undefined}
            data={(settings?.dispositions ?? []).map((key) => ({
              value: key,
              label: word("disposition", key),
            }))}
          />
          <Button
            type="submit"
            loading={finish.isPending}
            disabled={!optional && !disposition}
            title={!optional && !disposition ? t("wrapUp.required") : undefined}
          >
            {t("wrapUp.submit")}
          </Button>
        </Group>
        <Textarea
          label={t("wrapUp.note")}
          autosize
          minRows={2}
          maxRows={6}
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
      </Stack>
    </form>
  );
}

/** Once: the server refuses a second time. */
function ExtendButton({ interaction }: { interaction: Interaction }) {
  const { t } = useTranslation();
  const { store } = useDesk();
  const extend = useMutation({
    mutationFn: () =>
      content(
        api.POST("/v1/interactions/{interaction_id}/wrap-up/extend", {
          params: { path: { interaction_id: interaction.id } },
        }),
      ),
    onSuccess: () => store.dispatch({ name: "interaction.touched", id: interaction.id }),
    onError: report,
  });
  if (extend.isSuccess) return null;
  return (
    <Button size="compact-xs" variant="subtle" loading={extend.isPending} onClick={() => extend.mutate()}>
      {t("wrapUp.extend")}
    </Button>
  );
}

function TimeLeft({ until }: { until: string }) {
  const { t } = useTranslation();
  const seconds = Math.ceil((Date.parse(until) - useNow()) / 1000);
  return (
    <Badge color={seconds < 10 ? "red" : "violet"} className="numbers">
      {seconds > 0 ? t("wrapUp.left", { seconds }) : t("wrapUp.over")}
    </Badge>
  );
}
