import { Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { QueueRow } from "../client/contract";
import { api, content } from "../client/http";
import { Dialog } from "../ui/Dialog";
import { useSteer } from "./queries";

const HOUR_MS = 3_600_000;

export function ClosureDialog({ row, close }: { row: QueueRow; close: () => void }) {
  const { t } = useTranslation();
  const path = { key: row.queue };
  const [until, setUntil] = useState("open");
  const shut = useSteer(
    (reason: string) => {
      const body =
        until === "hour" ? { reason, until: new Date(Date.now() + HOUR_MS).toISOString() } : { reason };
      return content(api.PUT("/v1/queues/{key}/closure", { params: { path }, body }));
    },
    t("wall.closureOn", { reason: row.queue }),
    close,
  );
  const reopen = useSteer(
    () => content(api.PUT("/v1/queues/{key}/closure", { params: { path }, body: { reason: null } })),
    t("wall.reopened", { queue: row.queue }),
    close,
  );
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    shut.mutate(String(new FormData(event.currentTarget).get("reason")).trim());
  }
  return (
    <Dialog close={close} title={t("common.of", { what: t("wall.closure"), of: row.queue })}>
      {row.closure ? (
        <Stack gap="sm">
          <Text size="sm">{t("wall.closureOn", { reason: row.closure.reason })}</Text>
          <Group justify="flex-end">
            <Button loading={reopen.isPending} onClick={() => reopen.mutate(undefined)} data-autofocus>
              {t("wall.reopen")}
            </Button>
          </Group>
        </Stack>
      ) : (
        <form onSubmit={submit}>
          <Stack gap="sm">
            <Text size="sm" c="dimmed">
              {t("wall.closureHint")}
            </Text>
            <TextInput name="reason" label={t("wall.closureReason")} required data-autofocus />
            <Select
              label={t("wall.closureFor")}
              value={until}
              onChange={(value) => setUntil(value ?? "open")}
              allowDeselect={false}
              data={[
                { value: "open", label: t("wall.closureOpen") },
                { value: "hour", label: t("wall.closureHour") },
              ]}
            />
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                {t("common.cancel")}
              </Button>
              <Button type="submit" color="red" loading={shut.isPending}>
                {t("wall.close")}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Dialog>
  );
}
