import { Alert, Text } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { clock } from "../ui/time";
import { useSendingHealth } from "./queries";

/** Platforms that do not answer, or want nothing for a while: what is sent there waits. */
export function SendingAlarms() {
  const { t } = useTranslation();
  const troubled = useSendingHealth().data?.items ?? [];
  return troubled.map((one) => (
    <Alert
      key={one.endpoint}
      role="alert"
      color={one.state === "open" ? "red" : "yellow"}
      icon={<IconPlugConnectedX size={18} />}
      py={8}
    >
      <Text size="sm">
        <b>{t(one.state === "open" ? "sending.open" : "sending.slowedDown", { endpoint: one.endpoint })}</b>{" "}
        {one.until && t("sending.untilWhen", { reason: one.reason, time: clock(one.until) })}
      </Text>
    </Alert>
  ));
}
