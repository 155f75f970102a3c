import { Button, Checkbox, Group, Select, Stack, Textarea, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { CustomerRef } from "../client/contract";
import { api, content } from "../client/http";
import { Dialog } from "../ui/Dialog";
import { Failure } from "../ui/States";
import { tell } from "../ui/problems";
import { useMe } from "./queries";

/** Something to do that no customer wrote or called about; `customer` is whose timeline it may stand on. */
export function TaskDialog({ customer, close }: { customer: CustomerRef | null; close: () => void }) {
  const { t } = useTranslation();
  const queues = useMe().data?.queues ?? [];
  const [queue, setQueue] = useState<string | null>(null);
  const [title, setTitle] = useState("");
  const [text, setText] = useState("");
  const [due, setDue] = useState("");
  const [theirs, setTheirs] = useState(customer !== null);
  const create = useMutation({
    mutationFn: () =>
      content(
        api.POST("/v1/tasks", {
          body: {
            queue: queue ?? "",
            title,
            text,
            customer_id: theirs ? customer?.id : undefined,
            due_at: due ? new Date(due).toISOString() : undefined,
          },
        }),
      ),
    onSuccess: () => {
      tell(t("task.made"));
      close();
    },
  });
  function submit(event: FormEvent): void {
    event.preventDefault();
    create.mutate();
  }
  return (
    <Dialog close={close} title={t("task.new")}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Select
            label={t("task.queue")}
            required
            searchable
            value={queue}
            onChange={setQueue}
            data={queues.map(({ key }) => key)}
            data-autofocus
          />
          <TextInput
            label={t("task.title")}
            required
            maxLength={200}
            value={title}
            onChange={(event) => setTitle(event.currentTarget.value)}
          />
          <Textarea
            label={t("task.text")}
            required
            autosize
            minRows={3}
            maxRows={10}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <TextInput
            type="datetime-local"
            label={t("task.due")}
            value={due}
            onChange={(event) => setDue(event.currentTarget.value)}
          />
          {customer && (
            <Checkbox
              label={t("task.customer", { name: customer.name })}
              checked={theirs}
              onChange={(event) => setTheirs(event.currentTarget.checked)}
            />
          )}
          {create.error && <Failure error={create.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t("common.cancel")}
            </Button>
            <Button type="submit" disabled={!queue || !title || !text} loading={create.isPending}>
              {t("task.submit")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
