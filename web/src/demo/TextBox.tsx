import { Button, Group, Paper, ScrollArea, Stack, Text, TextInput } from "@mantine/core";
import { IconSend2 } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Empty, Failure, Loaded } from "../ui/States";
import { Box } from "./Box";
import { getJson, type Persona, postJson, type TextMessage } from "./demo";

const LOOK_EVERY_MS = 2000;

/** A messenger on the customer's phone; `path`: where the demo has it. */
export function TextBox(props: { persona: Persona; title: string; icon: ReactNode; path: string }) {
  const { t } = useTranslation();
  const { phone, name } = props.persona;
  return (
    <Box title={props.title} icon={props.icon} height={300}>
      {phone ? (
        <>
          <Chat phone={phone} path={props.path} />
          <Compose phone={phone} name={name} path={props.path} />
        </>
      ) : (
        <Empty>{t("demo.noPhone")}</Empty>
      )}
    </Box>
  );
}

function Chat({ phone, path }: { phone: string; path: string }) {
  const { t } = useTranslation();
  const chat = useQuery({
    queryKey: [path, phone],
    queryFn: () => getJson<{ items: TextMessage[] }>(`${path}?phone=${encodeURIComponent(phone)}`),
    refetchInterval: LOOK_EVERY_MS,
  });
  return (
    <ScrollArea.Autosize mah={260} type="auto" style={{ flex: 1 }}>
      <Loaded query={chat} rows={2}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty>{t("demo.textsEmpty")}</Empty>
          ) : (
            <Stack gap={6} component="ol" m={0} p={0} style={{ listStyle: "none" }}>
              {items.map((message) => (
                <Bubble key={`${message.at} ${message.text}`} message={message} />
              ))}
            </Stack>
          )
        }
      </Loaded>
    </ScrollArea.Autosize>
  );
}

function Bubble({ message }: { message: TextMessage }) {
  const { t } = useTranslation();
  return (
    <Paper
      component="li"
      withBorder
      px="sm"
      py={4}
      maw="85%"
      w="fit-content"
      ml={message.mine ? "auto" : 0}
      bg={message.mine ? "var(--mantine-primary-color-light)" : undefined}
    >
      <Text size="xs" c="dimmed">
        {t(message.mine ? "demo.textMine" : "demo.textTheirs")}
      </Text>
      <Text size="sm" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
        {message.text}
      </Text>
    </Paper>
  );
}

function Compose({ phone, name, path }: { phone: string; name: string; path: string }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const form = useRef<HTMLFormElement>(null);
  const send = useMutation({
    mutationFn: (text: string) => postJson(path, { phone, name, text }),
    onSuccess: () => {
      form.current?.reset();
      void queries.invalidateQueries({ queryKey: [path, phone] });
    },
  });
  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    send.mutate(String(new FormData(event.currentTarget).get("text")));
  }
  return (
    <form onSubmit={submit} ref={form}>
      {send.error && <Failure error={send.error} />}
      <Group gap={6}>
        <TextInput
          name="text"
          aria-label={t("demo.text")}
          placeholder={t("demo.text")}
          required
          maxLength={4096}
          style={{ flex: 1 }}
        />
        <Button type="submit" loading={send.isPending} leftSection={<IconSend2 size={15} />}>
          {t("demo.textSend")}
        </Button>
      </Group>
    </form>
  );
}
