import { Group, Select, Text, TextInput, UnstyledButton } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import {
  IconArrowDownLeft,
  IconArrowUpRight,
  IconLock,
  IconPaperclip,
  IconSearch,
} from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Id, Touch } from "../client/contract";
import { word } from "../ui/i18n";
import { ChannelIcon, Moment } from "../ui/marks";
import { Empty, Failure, Loading } from "../ui/States";
import { callFacts } from "./callFacts";
import { customerAct } from "./customerAct";
import { useChosen } from "./chosen";
import { useTimeline } from "./queries";

const CHANNELS = ["voice", "chat", "email", "messaging", "task"];

/** Everything that happened with a customer, newest first, on whatever channel. */
export function Timeline({ customerId }: { customerId: Id }) {
  const { t } = useTranslation();
  const [channel, setChannel] = useState<string | null>(null);
  const [text, setText] = useState("");
  const [q] = useDebouncedValue(text.trim(), 300);
  const timeline = useTimeline(customerId, { channel: channel ?? undefined, q });
  const touches = timeline.data?.pages.flatMap((page) => page.items) ?? [];
  const filtered = channel !== null || q !== "";
  return (
    <>
      <Group gap={6} p="xs" wrap="nowrap">
        <TextInput
          id="timeline-search"
          style={{ flex: 1 }}
          aria-label={t("timeline.search")}
          placeholder={t("timeline.search")}
          leftSection={<IconSearch size={14} />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Select
          w={110}
          aria-label={t("timeline.channel")}
          placeholder={t("common.all")}
          clearable
          value={channel}
          onChange={setChannel}
          data={CHANNELS.map((value) => ({ value, label: word("channel", value) }))}
        />
      </Group>
      <div className="scroll">
        {timeline.isPending && <Loading rows={6} />}
        {timeline.error && <Failure error={timeline.error} retry={() => void timeline.refetch()} />}
        {timeline.isSuccess && touches.length === 0 && (
          <Empty>{filtered ? t("timeline.emptyFilter") : t("timeline.empty")}</Empty>
        )}
        {touches.length > 0 && (
          <div role="feed" aria-label={t("timeline.title")} aria-busy={timeline.isFetching}>
            {touches.map((touch) => (
              <article key={touch.id}>
                <TimelineRow touch={touch} />
              </article>
            ))}
          </div>
        )}
        {timeline.hasNextPage ? (
          <MoreWhenSeen
            key={touches.length}
            busy={timeline.isFetchingNextPage}
            load={() => void timeline.fetchNextPage()}
          />
        ) : (
          touches.length > 0 && (
            <Text size="xs" c="dimmed" ta="center" p="sm">
              {t("timeline.end")}
            </Text>
          )
        )}
      </div>
    </>
  );
}

const DIRECTIONS = { inbound: IconArrowDownLeft, outbound: IconArrowUpRight, internal: IconLock };

function TimelineRow({ touch }: { touch: Touch }) {
  const { t } = useTranslation();
  const { id, choose } = useChosen();
  const Direction = DIRECTIONS[touch.direction];
  const content = (
    <>
      <Group gap={6} wrap="nowrap">
        <ChannelIcon channel={touch.channel} size={14} />
        <Direction
          size={13}
          role="img"
          aria-label={t(`timeline.${touch.direction}`)}
          style={{ flexShrink: 0, opacity: 0.6 }}
        />
        <Text size="xs" fw={600} className="clip" style={{ flex: 1 }}>
          {touch.subject || touch.author?.name || word("timeline.kind", touch.kind)}
        </Text>
        {touch.attachments.length > 0 && (
          <IconPaperclip size={13} role="img" aria-label={String(touch.attachments.length)} />
        )}
        <Moment at={touch.at} />
      </Group>
      <Text size="xs" c="dimmed" lineClamp={2} mt={2} style={{ overflowWrap: "anywhere" }}>
        {touch.text || customerAct(touch) || callFacts(touch)}
      </Text>
    </>
  );
  const target = touch.interaction_id;
  if (!target) return <div className="row">{content}</div>;
  return (
    <UnstyledButton
      component="button"
      className="row"
      aria-current={target === id}
      onClick={() => choose(target)}
    >
      {content}
    </UnstyledButton>
  );
}

/** Loads the next page when the end of this one comes into view; a button for whoever does not scroll. */
function MoreWhenSeen({ busy, load }: { busy: boolean; load: () => void }) {
  const { t } = useTranslation();
  const box = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) load();
    });
    if (box.current) observer.observe(box.current);
    return () => observer.disconnect();
    // A page's marker is made anew for every page, so it looks once.
  }, []);
  return (
    <UnstyledButton ref={box} className="row" onClick={load} disabled={busy}>
      <Text size="xs" c="dimmed" ta="center">
        {busy ? t("common.loading") : t("common.more")}
      </Text>
    </UnstyledButton>
  );
}
