import { ActionIcon, Button, Group, Stack, Text, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconAddressBook, IconMailPlus, IconMessagePlus, IconUserSearch } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { CustomerContext, CustomerRef, Id, Interaction } from "../client/contract";
import { word } from "../ui/i18n";
import { ChannelIcon, StateBadge, TierBadge } from "../ui/marks";
import { addressOf } from "../ui/names";
import { Empty, Loaded, Loading } from "../ui/States";
import { useAssignCustomer } from "./assigning";
import { CustomerPicker } from "./CustomerPicker";
import { useChosen } from "./chosen";
import { useWork } from "./desk";
import { MailDialog } from "./MailDialog";
import { MessengerDialog } from "./MessengerDialog";
import { useCustomerContext, useInteraction, useMessengers } from "./queries";
import { useCustomerShortcut } from "./shortcuts";
import { Timeline } from "./Timeline";

export function CustomerColumn({ id }: { id: Id | null }) {
  const { t } = useTranslation();
  if (!id) return <Empty icon={<IconAddressBook size={36} stroke={1.2} />}>{t("customer.title")}</Empty>;
  return <OfInteraction id={id} />;
}

function OfInteraction({ id }: { id: Id }) {
  const mine = useWork().interactions[id];
  const fetched = useInteraction(id);
  const interaction = mine ?? fetched.data;
  if (!interaction) return <Loaded query={fetched}>{() => <Loading />}</Loaded>;
  return <Panel interaction={interaction} />;
}

function Panel({ interaction }: { interaction: Interaction }) {
  const { t } = useTranslation();
  const [picking, { open, close }] = useDisclosure(false);
  useCustomerShortcut(open);
  return (
    <>
      {interaction.customer ? (
        <Profile customer={interaction.customer} interaction={interaction} change={open} />
      ) : (
        <Nobody interaction={interaction} search={open} />
      )}
      {picking && <CustomerPicker interaction={interaction} close={close} />}
      {interaction.customer ? (
        <Timeline key={interaction.customer.id} customerId={interaction.customer.id} />
      ) : (
        <Empty>{t("customer.noneHint")}</Empty>
      )}
    </>
  );
}

function Nobody({ interaction, search }: { interaction: Interaction; search: () => void }) {
  const { t } = useTranslation();
  const assign = useAssignCustomer(interaction);
  const candidates = interaction.candidates ?? [];
  const several = candidates.length > 0;
  return (
    <Stack gap={6} p="sm" style={{ borderBlockEnd: "1px solid var(--desk-line)" }}>
      <Text size="sm" fw={600}>
        {several ? t("customer.several") : t("customer.none")}
      </Text>
      {candidates.map((candidate: CustomerRef) => (
        <Button
          key={candidate.id}
          variant="default"
          justify="space-between"
          loading={assign.isPending}
          rightSection={<TierBadge tier={candidate.tier} />}
          onClick={() => assign.mutate(candidate.id)}
        >
          {t("customer.assign", { name: candidate.name })}
        </Button>
      ))}
      <Button
        variant={several ? "subtle" : "light"}
        leftSection={<IconUserSearch size={15} />}
        onClick={search}
      >
        {t("customer.searchTitle")}
      </Button>
    </Stack>
  );
}

function Profile({
  customer,
  interaction,
  change,
}: {
  customer: CustomerRef;
  interaction: Interaction;
  change: () => void;
}) {
  const { t } = useTranslation();
  const context = useCustomerContext(customer.id);
  return (
    <Stack gap={6} p="sm" style={{ borderBlockEnd: "1px solid var(--desk-line)" }}>
      <Group justify="space-between" wrap="nowrap" gap={8}>
        <Group gap={8} wrap="nowrap" style={{ minWidth: 0 }}>
          <Text component="h2" m={0} fw={600} size="lg" className="clip">
            {customer.name}
          </Text>
          <TierBadge tier={customer.tier} />
        </Group>
        <Group gap={4} wrap="nowrap">
          {context.data && <WriteMail context={context.data} />}
          {context.data && <WriteMessage context={context.data} />}
          <Tooltip label={t("customer.change")}>
            <ActionIcon onClick={change} aria-label={t("customer.change")} aria-keyshortcuts="Alt+C">
              <IconUserSearch size={17} stroke={1.7} />
            </ActionIcon>
          </Tooltip>
        </Group>
      </Group>
      <Loaded query={context} rows={2}>
        {(data) => <Context context={data} current={interaction.id} />}
      </Loaded>
    </Stack>
  );
}

function WriteMail({ context: { profile } }: { context: CustomerContext }) {
  const { t } = useTranslation();
  const [writing, { open, close }] = useDisclosure(false);
  const mails = profile.addresses.filter(({ kind }) => kind === "email").map(({ value }) => value);
  return (
    <>
      <Tooltip label={t("mail.open")}>
        <ActionIcon onClick={open} aria-label={t("mail.open")}>
          <IconMailPlus size={17} stroke={1.7} />
        </ActionIcon>
      </Tooltip>
      {writing && <MailDialog customerId={profile.id} addresses={[...new Set(mails)]} close={close} />}
    </>
  );
}

/** Only where there is a number and a messenger that lets us write first. */
function WriteMessage({ context: { profile } }: { context: CustomerContext }) {
  const { t } = useTranslation();
  const [writing, { open, close }] = useDisclosure(false);
  const messengers = useMessengers().data?.items ?? [];
  const phones = profile.addresses.filter(({ kind, value }) => kind === "phone" && value.startsWith("+"));
  const numbers = [...new Set(phones.map(({ value }) => value))];
  if (numbers.length === 0 || messengers.length === 0) return null;
  return (
    <>
      <Tooltip label={t("replies.first")}>
        <ActionIcon onClick={open} aria-label={t("replies.first")}>
          <IconMessagePlus size={17} stroke={1.7} />
        </ActionIcon>
      </Tooltip>
      {writing && (
        <MessengerDialog customerId={profile.id} numbers={numbers} messengers={messengers} close={close} />
      )}
    </>
  );
}

const TEAM_ROLES = ["account", "solution", "delivery"] as const;

function Context({ context, current }: { context: CustomerContext; current: Id }) {
  const { t } = useTranslation();
  const { choose } = useChosen();
  const elsewhere = context.open_interactions.filter((item) => item.id !== current);
  return (
    <>
      <Stack
        gap={2}
        component="ul"
        m={0}
        p={0}
        style={{ listStyle: "none" }}
        aria-label={t("customer.addresses")}
      >
        {context.profile.addresses.map((address) => (
          <Text component="li" key={address.id} size="xs" className="clip">
            <Text span c="dimmed" size="xs">
              {word("addressKind", address.kind)}{" "}
            </Text>
            {addressOf({ address })}
          </Text>
        ))}
      </Stack>
      {TEAM_ROLES.map((role) => {
        const member = context.account_team[role];
        return member ? (
          <Text key={role} size="xs" className="clip">
            <Text span c="dimmed" size="xs">
              {t(`customer.team.${role}`)}{" "}
            </Text>
            {member.name}
          </Text>
        ) : null;
      })}
      {context.preferred_channel && (
        <Text size="xs" c="dimmed">
          {t("customer.preferred", { channel: word("channel", context.preferred_channel) })}
        </Text>
      )}
      {elsewhere.length > 0 && (
        <Text size="xs" fw={600}>
          {t("customer.openWork")}
        </Text>
      )}
      {elsewhere.map((item) => (
        <Button
          key={item.id}
          size="compact-sm"
          variant="default"
          justify="flex-start"
          leftSection={<ChannelIcon channel={item.channel} size={14} />}
          rightSection={<StateBadge state={item.state} />}
          onClick={() => choose(item.id)}
        >
          <span className="clip">{item.subject ?? item.queue ?? word("channel", item.channel)}</span>
        </Button>
      ))}
    </>
  );
}
