import { Badge, Group, ScrollArea, Stack, Text, TextInput, UnstyledButton } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPhone, IconStack2, IconUser } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import type { DirectoryEntry, Id, Page, TransferTarget } from "../client/contract";
import { api, told } from "../client/http";
import { StateBadge } from "./marks";
import { Empty, Loaded } from "./States";

const ICONS = { queue: IconStack2, agent: IconUser, address: IconPhone };
const DIALLED = /^(sips?:\S+|\+?[0-9*#][0-9*#\s()-]+)$/;

interface Props {
  /** Nobody hands work to themselves. */
  without?: Id | null;
  chosen: DirectoryEntry | null;
  choose: (entry: DirectoryEntry) => void;
  /** Somebody outside can be chosen too: of the address book, or by a number that is typed. */
  numbers: boolean;
}

/** Queues, and agents with their state, found as one types; for a call the address book and any number. */
export function DirectoryPick({ without, chosen, choose, numbers }: Props) {
  const { t } = useTranslation();
  const [q, setQ] = useState("");
  const directory = useDirectory(q);
  return (
    <Stack gap="xs">
      <TextInput
        label={t("transfer.search")}
        value={q}
        onChange={(event) => setQ(event.currentTarget.value)}
        data-autofocus
      />
      <ScrollArea.Autosize mah={300} type="auto" style={{ border: "1px solid var(--desk-line)" }}>
        {numbers && DIALLED.test(q.trim()) && (
          <Entries items={[numberEntry(q.trim(), t)]} chosen={chosen} choose={choose} />
        )}
        <Loaded query={directory}>
          {({ items }) => {
            const others = items.filter(
              (entry) => (!without || entry.id !== without) && (numbers || entry.type !== "address"),
            );
            return <Entries items={others} chosen={chosen} choose={choose} />;
          }}
        </Loaded>
      </ScrollArea.Autosize>
    </Stack>
  );
}

/** What is found once one stops typing. */
function useDirectory(q: string) {
  const [asked] = useDebouncedValue(q.trim(), 200);
  return useQuery({
    queryKey: ["directory", asked],
    queryFn: () =>
      told<Page<DirectoryEntry>>(api.GET("/v1/directory", { params: { query: { q: asked || undefined } } })),
  });
}

/** Those of the address book whose name or number is typed; nothing where it has none. */
export function AddressBook({ typed, choose }: { typed: string } & Pick<Props, "choose">) {
  const { t } = useTranslation();
  const { data } = useDirectory(typed);
  const found = (data?.items ?? []).filter(({ type, key }) => type === "address" && key !== typed.trim());
  if (found.length === 0) return null;
  return (
    <section aria-label={t("dial.book")}>
      <Text size="sm" c="dimmed">
        {t("dial.book")}
      </Text>
      <ScrollArea.Autosize mah={160} type="auto" style={{ border: "1px solid var(--desk-line)" }}>
        <Entries items={found} chosen={null} choose={choose} />
      </ScrollArea.Autosize>
    </section>
  );
}

function Entries({ items, chosen, choose }: { items: DirectoryEntry[] } & Pick<Props, "chosen" | "choose">) {
  const { t } = useTranslation();
  if (items.length === 0) return <Empty>{t("transfer.empty")}</Empty>;
  return items.map((entry) => {
    const Icon = ICONS[entry.type];
    const picked = chosen?.type === entry.type && chosen.key === entry.key;
    return (
      <UnstyledButton
        key={`${entry.type}/${entry.key}`}
        className="row"
        aria-current={picked}
        aria-pressed={picked}
        onClick={() => choose(entry)}
      >
        <Group gap={8} wrap="nowrap">
          <Icon size={16} stroke={1.7} aria-hidden />
          <Text size="sm" className="clip" style={{ flex: 1 }}>
            {entry.name}
          </Text>
          {entry.type === "address" && !entry.name.includes(entry.key) && (
            <Text size="xs" c="dimmed" className="numbers">
              {entry.key}
            </Text>
          )}
          {entry.presence && (
            <StateBadge
              state={entry.presence === "available" && entry.busy ? "interacting" : entry.presence}
            />
          )}
          {entry.closed && <StateBadge state="closed" />}
          {entry.type === "queue" && <Badge color="gray">{t("transfer.queue")}</Badge>}
        </Group>
      </UnstyledButton>
    );
  });
}

function numberEntry(number: string, t: TFunction): DirectoryEntry {
  return { type: "address", key: number, name: t("consult.number", { number }) };
}

export function targetOf(entry: DirectoryEntry): TransferTarget {
  if (entry.type === "address") return { address: { kind: "phone", value: entry.key } };
  return entry.type === "agent" ? { agent: entry.id } : { queue: entry.key };
}
