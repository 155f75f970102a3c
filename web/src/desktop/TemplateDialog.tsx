import { Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Id, Page, Template } from "../client/contract";
import { api, told } from "../client/http";
import { Dialog } from "../ui/Dialog";
import { Empty, Failure, Loaded } from "../ui/States";
import { filled } from "../ui/templates";
import type { useSendReply } from "./sending";

interface Props {
  interactionId: Id;
  reply: ReturnType<typeof useSendReply>;
  close: () => void;
}

/** Approved texts: what a messenger takes when its reply window is closed. */
export function TemplateDialog({ interactionId, reply, close }: Props) {
  const { t } = useTranslation();
  const templates = useQuery({
    queryKey: ["templates", interactionId],
    queryFn: () =>
      told<Page<Template>>(
        api.GET("/v1/interactions/{interaction_id}/templates", {
          params: { path: { interaction_id: interactionId } },
        }),
      ),
  });
  return (
    <Dialog close={close} title={t("replies.title")}>
      {reply.failure && <Failure error={reply.failure} />}
      <Loaded query={templates}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty>{t("replies.none")}</Empty>
          ) : (
            <Choice templates={items} sending={reply.isPending} send={reply.sendTemplate} />
          )
        }
      </Loaded>
    </Dialog>
  );
}

interface ChoiceProps {
  templates: Template[];
  sending: boolean;
  send: (template: { key: string; values: string[] }) => void;
}

function Choice({ templates, sending, send }: ChoiceProps) {
  const { t } = useTranslation();
  const [key, setKey] = useState(templates[0]!.key);
  const [values, setValues] = useState<Record<number, string>>({});
  const chosen = templates.find((template) => template.key === key) ?? templates[0]!;
  function submit(event: FormEvent): void {
    event.preventDefault();
    send({ key: chosen.key, values: chosen.gaps.map((_, place) => values[place] ?? "") });
  }
  function choose(wanted: string | null): void {
    if (wanted === null) return;
    setKey(wanted);
    setValues({});
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <Select
          label={t("replies.template")}
          value={chosen.key}
          onChange={choose}
          data={templates.map((template) => template.key)}
          allowDeselect={false}
          data-autofocus
        />
        {chosen.gaps.map((gap, place) => (
          <TextInput
            key={`${chosen.key}/${place}`}
            label={t("replies.gap", { gap })}
            required
            maxLength={1024}
            value={values[place] ?? ""}
            onChange={(event) => setValues({ ...values, [place]: event.currentTarget.value })}
          />
        ))}
        <div>
          <Text size="xs" c="dimmed">
            {t("replies.preview")}
          </Text>
          <Text size="sm" style={{ whiteSpace: "pre-wrap" }}>
            {filled(chosen, values)}
          </Text>
        </div>
        <Group justify="flex-end">
          <Button type="submit" loading={sending}>
            {t("conversation.send")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
