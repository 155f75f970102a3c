import { ActionIcon, Badge, Group, Menu, Text, Tooltip, UnstyledButton } from "@mantine/core";
import {
  IconChevronDown,
  IconDeviceLandlinePhone,
  IconClipboardPlus,
  IconHelp,
  IconLogout,
  IconPhonePlus,
  IconPointFilled,
} from "@tabler/icons-react";
import { useDisclosure } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import { session } from "../client/session";
import { LookMenu } from "../ui/LookMenu";
import { useChosen } from "./chosen";
import { useDesk, useWork } from "./desk";
import { DeviceDialog } from "./DeviceDialog";
import { DialDialog } from "./DialDialog";
import { forgetDrafts } from "./drafts";
import { PresenceMenu } from "./PresenceMenu";
import { useMe } from "./queries";
import { TaskDialog } from "./TaskDialog";
import classes from "./DeskPage.module.css";

export function Header({ openHelp }: { openHelp: () => void }) {
  const { t } = useTranslation();
  const me = useMe().data;
  const { connection } = useDesk();
  const live = connection.status === "ready";
  return (
    <header className={classes.header}>
      <Group gap={8} wrap="nowrap">
        <Text component="h1" m={0} fw={700} size="md">
          {t("app.name")}
        </Text>
        <Text c="dimmed" size="sm" visibleFrom="sm">
          {me?.tenant.name}
        </Text>
      </Group>
      <Group mx="auto">
        <PresenceMenu />
      </Group>
      <Badge
        variant="transparent"
        color={live ? "teal" : "orange"}
        leftSection={<IconPointFilled size={12} />}
        visibleFrom="md"
      >
        {live ? t("connection.live") : t("connection.connecting")}
      </Badge>
      <Dial />
      <NewTask />
      <Tooltip label={`${t("help.open")} (?)`}>
        <ActionIcon aria-label={t("help.open")} onClick={openHelp}>
          <IconHelp size={18} stroke={1.7} />
        </ActionIcon>
      </Tooltip>
      <LookMenu />
      <UserMenu name={me?.name ?? ""} />
    </header>
  );
}

function Dial() {
  const { t } = useTranslation();
  const { id } = useChosen();
  const [opened, { open, close }] = useDisclosure(false);
  const address = useWork().interactions[id ?? ""]?.address;
  return (
    <>
      <Tooltip label={t("dial.open")}>
        <ActionIcon aria-label={t("dial.open")} onClick={open}>
          <IconPhonePlus size={18} stroke={1.7} />
        </ActionIcon>
      </Tooltip>
      {opened && <DialDialog number={address?.kind === "phone" ? address.value : ""} close={close} />}
    </>
  );
}

function NewTask() {
  const { t } = useTranslation();
  const { id } = useChosen();
  const [opened, { open, close }] = useDisclosure(false);
  const customer = useWork().interactions[id ?? ""]?.customer ?? null;
  return (
    <>
      <Tooltip label={t("task.new")}>
        <ActionIcon aria-label={t("task.new")} onClick={open}>
          <IconClipboardPlus size={18} stroke={1.7} />
        </ActionIcon>
      </Tooltip>
      {opened && <TaskDialog customer={customer} close={close} />}
    </>
  );
}

function UserMenu({ name }: { name: string }) {
  const { t } = useTranslation();
  const [phone, { open, close }] = useDisclosure(false);
  const signOut = () => {
    forgetDrafts();
    void session.signOut();
  };
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <UnstyledButton aria-label={name}>
            <Group gap={4} wrap="nowrap">
              <Text size="sm" fw={500}>
                {name}
              </Text>
              <IconChevronDown size={14} />
            </Group>
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconDeviceLandlinePhone size={14} />} onClick={open}>
            {t("device.label")}
          </Menu.Item>
          <Menu.Item leftSection={<IconLogout size={14} />} onClick={signOut}>
            {t("signIn.out")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {phone && <DeviceDialog close={close} />}
    </>
  );
}
