import { Badge, Button, Group, Modal, ScrollArea, Stack, Text, Textarea, TextInput, UnstyledButton } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPhoneOutgoing, IconStack2, IconUser } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { DirectoryEntry, Interaction, TransferTarget } from "../client/contract";
import { api, content } from "../client/http";
import { StateBadge } from "../ui/marks";
import { Empty, Failure, Loaded } from "../ui/States";
import { tell } from "../ui/problems";
import { useDesk } from "./desk";
import { useDirectory } from "./queries";

const ICONS = { queue: IconStack2, agent: IconUser, address: IconPhoneOutgoing };
const DIALLABLE = /^\+?[0-9*# ()-]{3,}$|^sip:\S+$/;

export function TransferDialog({ interaction, close }: { interaction: Interaction; close: () => void }) {
  const { t } = useTranslation();
  const { store } = useDesk();
  const [q, setQ] = useState("");
  const [asked] = useDebouncedValue(q.trim(), 200);
  const [chosen, setChosen] = useState<DirectoryEntry | null>(null);
  const [note, setNote] = useState("");
  const directory = useDirectory(asked);
  const transfer = useMutation({
    mutationFn: (entry: DirectoryEntry) => {
      const body = { to: target(entry), note: note.trim() || undefined };
      return content(api.POST("/v1/interactions/{id}/transfer", { params: { path: { id: interaction.id } }, body }));
    },
    onSuccess: () => {
      tell(t("transfer.done"));
      store.dispatch({ name: "interaction.touched", id: interaction.id });
      close();
    },
  });
  return (
    <Modal opened onClose={close} title={t("transfer.title")} size="md" closeButtonProps={{ "aria-label": t("common.close") }}>
      <Stack gap="sm">
        <TextInput label={t("transfer.search")} value={q} onChange={(event) => setQ(event.currentTarget.value)} data-autofocus />
        <ScrollArea.Autosize mah={300} type="auto" style={{ border: "1px solid var(--desk-line)" }}>
          <Loaded query={directory}>
            {({ items }) => <Entries items={offered(items, q, interaction)} chosen={chosen} choose={setChosen} />}
          </Loaded>
        </ScrollArea.Autosize>
        <Textarea label={t("transfer.note")} autosize minRows={2} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
        {transfer.error && <Failure error={transfer.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>{t("common.cancel")}</Button>
          <Button disabled={!chosen} loading={transfer.isPending} onClick={() => chosen && transfer.mutate(chosen)}>
            {chosen ? t("transfer.to", { name: chosen.name }) : t("transfer.submit")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function Entries({ items, chosen, choose }: { items: DirectoryEntry[]; chosen: DirectoryEntry | null; choose: (entry: DirectoryEntry) => void }) {
  const { t } = useTranslation();
  if (items.length === 0) return <Empty>{t("transfer.empty")}</Empty>;
  return items.map((entry) => {
    const Icon = ICONS[entry.kind];
    const picked = chosen?.kind === entry.kind && chosen.key === entry.key;
    return (
      <UnstyledButton key={`${entry.kind}/${entry.key}`} className="row" aria-current={picked} aria-pressed={picked} onClick={() => choose(entry)}>
        <Group gap={8} wrap="nowrap">
          <Icon size={16} stroke={1.7} aria-hidden />
          <Text size="sm" className="clip" style={{ flex: 1 }}>{entry.name}</Text>
          {entry.kind === "agent" && entry.state && <StateBadge state={entry.state} />}
          {entry.kind !== "agent" && <Badge color="gray">{t(`transfer.${entry.kind}`)}</Badge>}
        </Group>
      </UnstyledButton>
    );
  });
}

/** What the directory knows, and for calls the number just typed. */
function offered(items: DirectoryEntry[], q: string, interaction: Interaction): DirectoryEntry[] {
  const number = q.trim();
  if (interaction.channel !== "voice" || !DIALLABLE.test(number)) return items;
  return [...items, { kind: "address", key: number, name: number, state: null }];
}

function target(entry: DirectoryEntry): TransferTarget {
  if (entry.kind !== "address") return { [entry.kind]: entry.key };
  return { address: { kind: entry.key.startsWith("sip:") ? "sip" : "phone", value: entry.key } };
}
