import { Text } from "@mantine/core";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import type { Id } from "../client/contract";
import { useDesk } from "./desk";

/** Whether the customer is typing in this conversation. */
export function TypingLine({ id }: { id: Id }) {
  const { t } = useTranslation();
  const { typists } = useDesk();
  const types = useSyncExternalStore(typists.subscribe, typists.get).has(id);
  return (
    <Text size="xs" c="dimmed" px="xs" mih={18} role="status">
      {types ? t("conversation.typing") : ""}
    </Text>
  );
}
