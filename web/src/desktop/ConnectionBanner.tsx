import { Alert, Button, Group, Text } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNow } from "../ui/marks";
import { useDesk } from "./desk";

const QUIET_MS = 1500;

/** Says that the page may be out of date; a reconnect within a moment is not worth a word. */
export function ConnectionBanner() {
  const { t } = useTranslation();
  const { connection, stream } = useDesk();
  const troubled = useLasting(connection.status !== "ready", QUIET_MS);
  const now = useNow();
  if (!troubled) return null;
  const seconds = Math.ceil(((connection.retryAt ?? now) - now) / 1000);
  const text =
    connection.status === "refused"
      ? t("connection.refused")
      : connection.status === "waiting" && seconds > 0
        ? t("connection.lost", { seconds })
        : t("connection.trying");
  return (
    <Alert color="orange" radius={0} py={6} role="status" icon={<IconPlugConnectedX size={18} />}>
      <Group justify="space-between">
        <Text size="sm">{text}</Text>
        {connection.status === "waiting" && (
          <Button variant="default" onClick={() => stream.retry()}>
            {t("connection.now")}
          </Button>
        )}
      </Group>
    </Alert>
  );
}

/** True once `value` has been true for `ms` without a break. */
function useLasting(value: boolean, ms: number): boolean {
  const [lasting, setLasting] = useState(false);
  useEffect(() => {
    if (!value) return setLasting(false);
    const timer = setTimeout(() => setLasting(true), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return value && lasting;
}
