import { Alert, Group, SegmentedControl, SimpleGrid, Text, Title } from "@mantine/core";
import { IconBrandWechat, IconBrandWhatsapp, IconFeather, IconMessage2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Problem } from "../client/problem";
import { word } from "../ui/i18n";
import { LookMenu } from "../ui/LookMenu";
import { Failure, Loading } from "../ui/States";
import { ChatBox } from "./ChatBox";
import { type DemoConfig, getJson, stranger } from "./demo";
import { FormBox } from "./FormBox";
import { MailBox } from "./MailBox";
import { PhoneBox } from "./PhoneBox";
import { StageBox } from "./StageBox";
import { TextBox } from "./TextBox";

/** The other side of the desk, for the demo: everything here goes through the real protocols. */
export function CustomerPage() {
  const { t } = useTranslation();
  const config = useQuery({
    queryKey: ["demo"],
    queryFn: () => getJson<DemoConfig>("/demo/config"),
    staleTime: Infinity,
  });
  useEffect(() => {
    document.title = t("demo.title");
  }, [t]);
  const absent = config.error instanceof Problem && config.error.status === 404;
  return (
    <main style={{ maxWidth: 1640, margin: "0 auto", padding: 16 }}>
      <Group justify="space-between" mb="xs">
        <Title order={1} size="h2">
          {t("demo.title")}
        </Title>
        <LookMenu />
      </Group>
      <Text size="sm" c="dimmed" mb="md">
        {t("demo.intro")}
      </Text>
      {config.isPending && <Loading rows={8} />}
      {config.error &&
        (absent ? (
          <Alert color="yellow">{t("demo.unavailable")}</Alert>
        ) : (
          <Failure error={config.error} retry={() => void config.refetch()} />
        ))}
      {config.data && <Windows config={config.data} />}
    </main>
  );
}

function Windows({ config }: { config: DemoConfig }) {
  const { t } = useTranslation();
  const [unknown] = useState(() => stranger(t("demo.stranger")));
  const personas = [...config.personas, unknown];
  const [id, setId] = useState(personas[0]!.id);
  const persona = personas.find((one) => one.id === id) ?? unknown;
  const labels = personas.map((one) => ({
    value: one.id,
    label: [one.name, one.tier && word("tier", one.tier)].filter(Boolean).join(" · "),
  }));
  const base = config.touchpoint_url || location.origin;
  return (
    <>
      <Group mb="md" gap="sm">
        <Text size="sm" fw={600}>
          {t("demo.iAm")}
        </Text>
        <SegmentedControl
          size="sm"
          aria-label={t("demo.iAm")}
          value={persona.id}
          onChange={setId}
          data={labels}
        />
      </Group>
      <SimpleGrid mb="md" cols={{ base: 1, md: 2, xl: 3 }} spacing="md">
        <PhoneBox key={`phone ${persona.id}`} persona={persona} config={config} />
        <ChatBox persona={persona} base={base} endpoint={config.chat_endpoint_id} />
        {config.whatsapp && (
          <TextBox
            key={`whatsapp ${persona.id}`}
            persona={persona}
            title="WhatsApp"
            icon={<IconBrandWhatsapp size={20} />}
            path="/demo/whatsapp"
          />
        )}
        {config.wechat && (
          <TextBox
            key={`wechat ${persona.id}`}
            persona={persona}
            title={t("demo.wechat")}
            icon={<IconBrandWechat size={20} />}
            path="/demo/wechat"
          />
        )}
        {config.wechat && (
          <TextBox
            key={`wecom ${persona.id}`}
            persona={persona}
            title={t("demo.wecom")}
            icon={<IconBrandWechat size={20} />}
            path="/demo/wecom"
          />
        )}
        {config.pigeon && (
          <TextBox
            key={`pigeon ${persona.id}`}
            persona={persona}
            title={t("demo.pigeon")}
            icon={<IconFeather size={20} />}
            path="/demo/pigeon"
          />
        )}
        {config.text_number && (
          <TextBox
            key={`text ${persona.id}`}
            persona={persona}
            title={t("demo.texts", { number: config.text_number })}
            icon={<IconMessage2 size={20} />}
            path="/demo/texts"
          />
        )}
        <MailBox key={`mail ${persona.id}`} persona={persona} to={config.mail_address} />
        <FormBox
          key={`form ${persona.id}`}
          persona={persona}
          url={new URL(`/forms/${config.form_endpoint_id}`, base).href}
        />
      </SimpleGrid>
      <StageBox />
    </>
  );
}
