import { Alert, Text } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { clock } from "../ui/time";
import { useEndpointHealth } from "./queries";

/** Platforms that do not answer, or want nothing for a while: what is sent there waits. */
export function SendingAlarms() {
  const { t } = useTranslation();
  const items = useEndpointHealth().data?.items ?? [];
  return items.map(({ id, endpoint, circuit }) =>
    circuit === null ? null : (
      <Alert
        key={id}
        role="alert"
        color={circuit.state === "open" ? "red" : "yellow"}
        icon={<IconPlugConnectedX size={18} />}
        py={8}
      >
        <Text size="sm">
          <b>{t(circuit.state === "open" ? "sending.open" : "sending.slowedDown", { endpoint })}</b>{" "}
          {circuit.until && t("sending.untilWhen", { reason: circuit.reason, time: clock(circuit.until) })}
        </Text>
      </Alert>
    ),
  );
}
