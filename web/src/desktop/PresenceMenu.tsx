import { Alert, Button, Group, Menu, Text } from "@mantine/core";
import { IconChevronDown, IconCoffee, IconPlayerPlay, IconPower, IconUserOff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { word } from "../ui/i18n";
import { Since, stateColor } from "../ui/marks";
import { useSetPresence } from "./actions";
import { useWork } from "./desk";
import { useMe } from "./queries";

export function PresenceMenu() {
  const { t } = useTranslation();
  const { presence } = useWork();
  const set = useSetPresence();
  const codes = useMe().data?.break_codes ?? [];
  if (!presence) return <Button variant="default" loading aria-label={t("presence.label")} />;
  const label =
    presence.status === "break" && presence.reason_code
      ? t("presence.breakOf", { code: word("break", presence.reason_code) })
      : t(`presence.${presence.status}`);
  return (
    <Menu position="bottom">
      <Menu.Target>
        <Button
          variant="light"
          color={stateColor(presence.status)}
          loading={set.isPending}
          aria-label={t("common.of", { what: t("presence.label"), of: label })}
          rightSection={<IconChevronDown size={14} />}
        >
          {label}
          <Text span size="xs" ml={8} fw={400}>
            <Since from={presence.since} />
          </Text>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t("presence.wanted")}</Menu.Label>
        <Menu.Item
          leftSection={<IconPlayerPlay size={14} />}
          onClick={() => set.mutate({ status: "available" })}
        >
          {t("presence.available")}
        </Menu.Item>
        {codes.map((code) => (
          <Menu.Item
            key={code}
            leftSection={<IconCoffee size={14} />}
            onClick={() => set.mutate({ status: "break", reason_code: code })}
          >
            {t("presence.breakOf", { code: word("break", code) })}
          </Menu.Item>
        ))}
        <Menu.Item leftSection={<IconPower size={14} />} onClick={() => set.mutate({ status: "offline" })}>
          {t("presence.offline")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** The server stopped offering work: why, and the one button that starts it again. */
export function NotRespondingBanner() {
  const { t } = useTranslation();
  const set = useSetPresence();
  const { presence } = useWork();
  if (presence?.status !== "not_responding") return null;
  const reason = presence.reason_code;
  const text =
    reason === "missed" || reason === "device" ? t(`presence.${reason}`) : t("presence.notResponding");
  return (
    <Alert color="red" radius={0} py={6} role="alert" icon={<IconUserOff size={18} />}>
      <Group justify="space-between">
        <Text size="sm">{text}</Text>
        <Button color="red" loading={set.isPending} onClick={() => set.mutate({ status: "available" })}>
          {t("presence.back")}
        </Button>
      </Group>
    </Alert>
  );
}
