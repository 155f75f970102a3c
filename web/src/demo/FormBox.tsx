import { Alert, Button, Group, Stack, Textarea, TextInput } from "@mantine/core";
import { IconFileText } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "../ui/States";
import { Box } from "./Box";
import { type Persona, postJson } from "./demo";

export function FormBox({ persona, url }: { persona: Persona; url: string }) {
  const { t } = useTranslation();
  const form = useRef<HTMLFormElement>(null);
  const send = useMutation({
    mutationFn: (body: Record<string, string>) => postJson<{ reference: string }>(url, body),
    onSuccess: () => form.current?.reset(),
  });
  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const fields = [...new FormData(event.currentTarget)].map(([name, value]) => [
      name,
      String(value).trim(),
    ]);
    const phone = persona.phone ? { phone: persona.phone } : {};
    send.mutate({ ...Object.fromEntries(fields.filter(([, value]) => value !== "")), ...phone });
  }
  return (
    <Box title={t("demo.form")} icon={<IconFileText size={20} />} height={300}>
      <form onSubmit={submit} ref={form}>
        <Stack gap={6}>
          <TextInput name="name" label={t("demo.name")} defaultValue={persona.name} />
          <TextInput name="email" type="email" label={t("demo.email")} defaultValue={persona.email ?? ""} />
          <TextInput name="subject" label={t("demo.mailSubject")} required />
          <Textarea name="text" label={t("demo.mailText")} required autosize minRows={3} maxRows={8} />
          {send.error && <Failure error={send.error} />}
          {send.data && (
            <Alert color="teal" role="status">
              {t("demo.formSent", { reference: send.data.reference })}
            </Alert>
          )}
          <Group justify="flex-end">
            <Button type="submit" loading={send.isPending}>
              {t("demo.formSend")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Box>
  );
}
