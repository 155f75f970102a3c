import { Button, Group, ScrollArea, Stack, Text, TextInput, UnstyledButton } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Customer, Id, Interaction } from "../client/contract";
import { Dialog } from "../ui/Dialog";
import { TierBadge } from "../ui/marks";
import { addressOf } from "../ui/names";
import { Empty, Loaded } from "../ui/States";
import { useAssignCustomer } from "./assigning";
import { useCustomerSearch } from "./queries";

/** Finds a customer by name, number or mail address, and sets them for this interaction alone. */
export function CustomerPicker({ interaction, close }: { interaction: Interaction; close: () => void }) {
  const { t } = useTranslation();
  const [q, setQ] = useState("");
  const [asked] = useDebouncedValue(q.trim(), 200);
  const found = useCustomerSearch(asked);
  const assign = useAssignCustomer(interaction);
  const pick = (customer: Id | null) => assign.mutate(customer, { onSuccess: close });
  return (
    <Dialog close={close} title={t("customer.searchTitle")}>
      <Stack gap="sm">
        <TextInput
          label={t("common.search")}
          placeholder={t("customer.searchHint")}
          leftSection={<IconSearch size={15} />}
          value={q}
          onChange={(event) => setQ(event.currentTarget.value)}
          data-autofocus
        />
        <ScrollArea.Autosize mah={340} type="auto">
          {asked === "" ? (
            <Empty>{t("customer.emptySearch")}</Empty>
          ) : (
            <Loaded query={found}>
              {({ items }) =>
                items.length === 0 ? (
                  <Empty>{t("common.nothingFound", { query: asked })}</Empty>
                ) : (
                  items.map((customer) => <Found key={customer.id} customer={customer} pick={pick} />)
                )
              }
            </Loaded>
          )}
        </ScrollArea.Autosize>
        {interaction.customer && (
          <Group justify="flex-end">
            <Button variant="subtle" color="gray" loading={assign.isPending} onClick={() => pick(null)}>
              {t("customer.unassign")}
            </Button>
          </Group>
        )}
      </Stack>
    </Dialog>
  );
}

function Found({ customer, pick }: { customer: Customer; pick: (id: Id) => void }) {
  const { t } = useTranslation();
  return (
    <UnstyledButton
      className="row"
      onClick={() => pick(customer.id)}
      aria-label={t("customer.assign", { name: customer.name })}
    >
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm" fw={500} className="clip">
          {customer.name}
        </Text>
        <TierBadge tier={customer.tier} />
      </Group>
      <Text size="xs" c="dimmed" className="clip">
        {customer.addresses.flatMap((address) => addressOf({ address }) ?? []).join(" · ")}
      </Text>
    </UnstyledButton>
  );
}
