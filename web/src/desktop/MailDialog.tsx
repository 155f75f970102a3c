import { Autocomplete, Button, Group, Select, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, type KeyboardEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Id, Interaction } from "../client/contract";
import { api, told, upload } from "../client/http";
import { Dialog } from "../ui/Dialog";
import { Failure } from "../ui/States";
import { AttachButton, UploadPills, useUploads } from "../ui/Uploads";
import { useChosen } from "./chosen";
import { useDesk } from "./desk";
import { useMe } from "./queries";

interface Props {
  customerId: Id;
  /** The customer's own, the first is taken unless another one is typed. */
  addresses: string[];
  close: () => void;
}

/** We write first: a new mail to a customer, which is one's own work once it is sent. */
export function MailDialog({ customerId, addresses, close }: Props) {
  const { t } = useTranslation();
  const mailboxes = useMe().data?.mailboxes ?? [];
  const [to, setTo] = useState(addresses[0] ?? "");
  const [chosen, setChosen] = useState<string | null>(null);
  const [subject, setSubject] = useState("");
  const [text, setText] = useState("");
  const uploads = useUploads(upload);
  const endpoint = chosen ?? mailboxes[0] ?? "";
  const send = useSendMail(close);
  const filled = to.trim() !== "" && subject.trim() !== "" && text.trim() !== "" && endpoint !== "";
  const ready = filled && uploads.pending.length === 0 && !send.isPending;
  function submit(event: FormEvent | KeyboardEvent): void {
    event.preventDefault();
    if (!ready) return;
    const attachments = uploads.done.map((file) => file.id);
    send.mutate({ endpoint, to: to.trim(), customerId, subject: subject.trim(), text, attachments });
  }
  return (
    <Dialog close={close} title={t("mail.title")} size="lg">
      <form onSubmit={submit} onKeyDown={(event) => isSend(event) && submit(event)}>
        <Stack gap="sm">
          {mailboxes.length > 1 && (
            <Select label={t("mail.from")} data={mailboxes} value={endpoint} onChange={setChosen} />
          )}
          <Autocomplete label={t("mail.to")} required data={addresses} value={to} onChange={setTo} />
          <TextInput
            label={t("mail.subject")}
            required
            maxLength={500}
            value={subject}
            onChange={(event) => setSubject(event.currentTarget.value)}
            data-autofocus
          />
          <Textarea
            label={t("mail.text")}
            required
            autosize
            minRows={6}
            maxRows={16}
            maxLength={20_000}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <UploadPills uploads={uploads} />
          {mailboxes.length === 0 && <Text size="sm">{t("mail.noMailbox")}</Text>}
          {send.error && <Failure error={send.error} />}
          <Group justify="space-between">
            <AttachButton uploads={uploads} />
            <Group gap="xs">
              <Button variant="default" onClick={close}>
                {t("common.cancel")}
              </Button>
              <Button
                type="submit"
                disabled={!ready}
                loading={send.isPending}
                aria-keyshortcuts="Control+Enter"
              >
                {t("mail.submit")}
              </Button>
            </Group>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}

function isSend(event: KeyboardEvent): boolean {
  return event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.nativeEvent.isComposing;
}

interface Mail {
  endpoint: string;
  to: string;
  customerId: Id;
  subject: string;
  text: string;
  attachments: Id[];
}

function useSendMail(sent: () => void) {
  const { store } = useDesk();
  const { choose } = useChosen();
  return useMutation({
    mutationFn: ({ to, customerId, ...mail }: Mail) =>
      told<Interaction>(
        api.POST("/v1/interactions", {
          body: {
            ...mail,
            channel: "email",
            purpose: "service",
            address: { kind: "email", value: to },
            customer_id: customerId,
          },
        }),
      ),
    onSuccess: (interaction) => {
      store.dispatch({ name: "interaction.fetched", interaction });
      choose(interaction.id);
      sent();
    },
  });
}
