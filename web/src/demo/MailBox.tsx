import { Button, Divider, Group, ScrollArea, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { IconMail, IconSend2 } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Empty, Failure, Loaded } from "../ui/States";
import { tell } from "../ui/problems";
import { Box } from "./Box";
import { getJson, type Mail, type Persona, postJson } from "./demo";

const LOOK_EVERY_MS = 3000;

export function MailBox({ persona, to }: { persona: Persona; to: string }) {
  const { t } = useTranslation();
  return (
    <Box title={t("demo.mail")} icon={<IconMail size={20} />} height={300}>
      {persona.email ? <Compose from={persona.email} to={to} /> : <Empty>{t("demo.noMail")}</Empty>}
      {persona.email && <Inbox address={persona.email} />}
    </Box>
  );
}

function Compose({ from, to }: { from: string; to: string }) {
  const { t } = useTranslation();
  const form = useRef<HTMLFormElement>(null);
  const send = useMutation({
    mutationFn: (mail: { from: string; subject: string; text: string }) => postJson("/demo/mail", mail),
    onSuccess: () => {
      form.current?.reset();
      tell(t("demo.mailSent"));
    },
  });
  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    send.mutate({ from, subject: String(data.get("subject")), text: String(data.get("text")) });
  }
  return (
    <form onSubmit={submit} ref={form}>
      <Stack gap={6}>
        <Text size="xs" c="dimmed">
          {t("demo.mailTo", { address: to })}
        </Text>
        <TextInput
          name="subject"
          aria-label={t("demo.mailSubject")}
          placeholder={t("demo.mailSubject")}
          required
        />
        <Textarea
          name="text"
          aria-label={t("demo.mailText")}
          placeholder={t("demo.mailText")}
          required
          autosize
          minRows={3}
          maxRows={8}
        />
        {send.error && <Failure error={send.error} />}
        <Group justify="flex-end">
          <Button type="submit" loading={send.isPending} leftSection={<IconSend2 size={15} />}>
            {t("demo.mailSend")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Inbox({ address }: { address: string }) {
  const { t } = useTranslation();
  const inbox = useQuery({
    queryKey: ["inbox", address],
    queryFn: () => getJson<{ items: Mail[] }>(`/demo/inbox?email=${encodeURIComponent(address)}`),
    refetchInterval: LOOK_EVERY_MS,
  });
  return (
    <>
      <Divider label={t("demo.inbox", { address })} />
      <ScrollArea.Autosize mah={220} type="auto">
        <Loaded query={inbox} rows={2}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty>{t("demo.inboxEmpty")}</Empty>
            ) : (
              items.map((mail) => (
                <details key={mail.message_id} className="row">
                  <summary>
                    <Text span size="sm" fw={500}>
                      {mail.subject}
                    </Text>{" "}
                    <Text span size="xs" c="dimmed">
                      {mail.from}
                    </Text>
                  </summary>
                  <Text size="sm" style={{ whiteSpace: "pre-wrap" }}>
                    {mail.text}
                  </Text>
                </details>
              ))
            )
          }
        </Loaded>
      </ScrollArea.Autosize>
    </>
  );
}
