import { ActionIcon, Button, Group, Select, Stack, Text, TextInput, Tooltip } from "@mantine/core";
import { IconTemplate } from "@tabler/icons-react";
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
  /** The reply window is closed: the messenger takes nothing else. */
  approvedOnly: boolean;
  reply: ReturnType<typeof useSendReply>;
  insert: (text: string) => void;
  close: () => void;
}

/** What to begin a reply with; and the approved texts of a messenger, which are sent as they are. */
export function TemplateDialog({ interactionId, approvedOnly, reply, insert, close }: Props) {
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
        {({ items }) => (
          <TemplateChoice
            templates={items.filter((item) => item.approved || !approvedOnly)}
            sending={reply.isPending}
            send={(template) => reply.send({ template })}
            insert={insert}
          />
        )}
      </Loaded>
    </Dialog>
  );
}

export function TemplateButton({ choose }: { choose: () => void }) {
  const { t } = useTranslation();
  return (
    <Tooltip label={`${t("replies.choose")} (Alt+M)`}>
      <ActionIcon onClick={choose} aria-label={t("replies.choose")}>
        <IconTemplate size={17} stroke={1.7} />
      </ActionIcon>
    </Tooltip>
  );
}

interface ChoiceProps {
  templates: Template[];
  sending: boolean;
  send: (template: { key: string; values: string[] }) => void;
  /** What begins a reply; approved texts go as they are. */
  insert?: (text: string) => void;
}

/** One of the texts, its gaps filled. */
export function TemplateChoice({ templates, sending, send, insert }: ChoiceProps) {
  const { t } = useTranslation();
  const [key, setKey] = useState(templates[0]?.key);
  const [values, setValues] = useState<Record<number, string>>({});
  const chosen = templates.find((template) => template.key === key) ?? templates[0];
  if (!chosen) return <Empty>{t("replies.none")}</Empty>;
  const { key: chosenKey, gaps, approved } = chosen;
  const text = filled(chosen, values);
  function submit(event: FormEvent): void {
    event.preventDefault();
    if (approved) send({ key: chosenKey, values: gaps.map((_, place) => values[place] ?? "") });
    else insert?.(text);
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
          value={chosenKey}
          onChange={choose}
          data={templates.map((template) => ({ value: template.key, label: label(template) }))}
          allowDeselect={false}
          searchable
          nothingFoundMessage={t("replies.notFound")}
          autoFocus
          onFocus={(event) => event.currentTarget.select()}
        />
        {gaps.map((gap, place) => (
          <TextInput
            key={`${chosenKey}/${place}`}
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
            {text}
          </Text>
        </div>
        <Group justify="flex-end">
          <Button type="submit" loading={sending}>
            {approved ? t("conversation.send") : t("replies.insert")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function label({ name, language }: Template): string {
  return language === null ? name : `${name} (${language})`;
}
