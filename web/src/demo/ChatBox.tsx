import { Button, Text } from "@mantine/core";
import { IconMessage } from "@tabler/icons-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Box } from "./Box";
import type { Persona } from "./demo";

/** The shop's page has the real widget; who is chosen has signed in to the shop. */
export function ChatBox({ persona, base, endpoint }: { persona: Persona; base: string; endpoint: string }) {
  const { t } = useTranslation();
  useWidget(base, endpoint, persona.identity ?? null);
  return (
    <Box title={t("demo.chat")} icon={<IconMessage size={20} />} height={300}>
      <Text size="sm" c="dimmed" style={{ flex: 1 }}>
        {persona.identity ? t("demo.chatSignedIn") : t("demo.chatStranger")}
      </Text>
      <Button variant="light" onClick={() => window.touchpoint?.open()}>
        {t("demo.chatOpen")}
      </Button>
    </Box>
  );
}

function useWidget(base: string, endpoint: string, identity: string | null): void {
  const script = useRef<HTMLScriptElement | null>(null);
  useEffect(() => {
    if (script.current) {
      window.touchpoint?.identify(identity);
      return;
    }
    script.current = document.createElement("script");
    Object.assign(script.current.dataset, { endpoint }, identity && { identity });
    script.current.src = new URL("/widget.js", base).href;
    document.body.append(script.current);
  }, [base, endpoint, identity]);
}
