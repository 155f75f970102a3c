import { Alert, Text } from "@mantine/core";
import { IconBellRinging } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { clock } from "../ui/time";
import { useRoutingHealth } from "./queries";

/** Queues of which half of the agents stopped responding within a minute: above everything else. */
export function SilenceAlarms() {
  const { t } = useTranslation();
  const alarmed = useRoutingHealth().data?.queues.filter((queue) => queue.alarm_since) ?? [];
  return alarmed.map((queue) => (
    <Alert
      key={queue.queue}
      role="alert"
      color="red"
      variant="filled"
      icon={<IconBellRinging size={18} />}
      py={8}
    >
      <Text size="sm">
        <b>
          {t("wall.silent", {
            queue: queue.queue,
            silent: queue.not_responding.length,
            count: queue.agents,
          })}
        </b>
        {" · "}
        {t("wall.silentWho", {
          names: queue.not_responding.map((agent) => agent.name).join(", "),
          time: clock(queue.alarm_since ?? ""),
        })}
      </Text>
    </Alert>
  ));
}
