import { Alert, Group, SegmentedControl, SimpleGrid, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Problem } from "../client/problem";
import { word } from "../ui/i18n";
import { LookMenu } from "../ui/LookMenu";
import { Failure, Loading } from "../ui/States";
import { ChatBox } from "./ChatBox";
import { type DemoConfig, getJson } from "./demo";
import { FormBox } from "./FormBox";
import { MailBox } from "./MailBox";
import { PhoneBox } from "./PhoneBox";

/** The other side of the desk, for the demo: everything here goes through the real protocols. */
export function CustomerPage() {
  const { t } = useTranslation();
  const config = useQuery({ queryKey: ["demo"], queryFn: () => getJson<DemoConfig>("/demo/config"), staleTime: Infinity });
  useEffect(() => {
    document.title = t("demo.title");
  }, [t]);
  const absent = config.error instanceof Problem && config.error.status === 404;
  return (
    <div style={{ maxWidth: 1240, margin: "0 auto", padding: 16 }}>
      <Group justify="space-between" mb="xs">
        <Title order={1} size="h2">{t("demo.title")}</Title>
        <LookMenu />
      </Group>
      <Text size="sm" c="dimmed" mb="md">{t("demo.intro")}</Text>
      {config.isPending && <Loading rows={8} />}
      {config.error && (absent ? <Alert color="yellow">{t("demo.unavailable")}</Alert> : <Failure error={config.error} retry={() => void config.refetch()} />)}
      {config.data && <Windows config={config.data} />}
    </div>
  );
}

function Windows({ config }: { config: DemoConfig }) {
  const { t } = useTranslation();
  const [id, setId] = useState(config.personas[0]?.id ?? "");
  const persona = config.personas.find((one) => one.id === id) ?? config.personas[0];
  if (!persona) return <Alert color="yellow">{t("demo.unavailable")}</Alert>;
  const labels = config.personas.map((one) => ({
    value: one.id,
    label: [one.name, one.tier && word("tier", one.tier)].filter(Boolean).join(" · "),
  }));
  return (
    <>
      <Group mb="md" gap="sm">
        <Text size="sm" fw={600}>{t("demo.iAm")}</Text>
        <SegmentedControl size="sm" aria-label={t("demo.iAm")} value={persona.id} onChange={setId} data={labels} />
      </Group>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md" key={persona.id}>
        <PhoneBox persona={persona} config={config} />
        <ChatBox persona={persona} endpoint={config.chat_endpoint_id} />
        <MailBox persona={persona} to={config.mail_address} />
        <FormBox persona={persona} endpoint={config.form_endpoint_id} />
      </SimpleGrid>
    </>
  );
}
