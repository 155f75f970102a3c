import { Button, Center, Divider } from "@mantine/core";
import { Fragment, useLayoutEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Interaction, Touch } from "../client/contract";
import { inOrder } from "../client/touches";
import { Empty, Failure, Loading } from "../ui/States";
import { day } from "../ui/time";
import { useTouches } from "./queries";
import { useReadMark } from "./reading";
import { TouchView } from "./TouchView";

/** Where customers see what was read. */
const SHOWS_READ = new Set(["chat", "messaging"]);

interface Props {
  interaction: Interaction;
  /** This agent talks with the customer. */
  inHand: boolean;
  /** Begins a reply that shows which message it answers, where the channel can. */
  quote?: (touch: Touch) => void;
}

/** All touches of one interaction, oldest first; it follows the end unless the reader has scrolled back. */
export function Conversation({ interaction, inHand, quote }: Props) {
  const { t } = useTranslation();
  const touches = useTouches(interaction.id);
  const items = inOrder(touches.data);
  const scroller = useFollowedEnd(items);
  useReadMark(interaction.id, items, inHand && SHOWS_READ.has(interaction.channel));
  if (touches.isPending)
    return (
      <div className="scroll">
        <Loading rows={6} />
      </div>
    );
  if (touches.error && items.length === 0) {
    return (
      <div className="scroll">
        <Failure error={touches.error} retry={() => void touches.refetch()} />
      </div>
    );
  }
  return (
    <div className="scroll" ref={scroller} role="log" aria-label={t("conversation.title")} tabIndex={0}>
      {touches.hasNextPage && (
        <Center p="xs">
          <Button
            variant="subtle"
            loading={touches.isFetchingNextPage}
            onClick={() => void touches.fetchNextPage()}
          >
            {t("conversation.older")}
          </Button>
        </Center>
      )}
      {items.length === 0 && <Empty>{t("conversation.empty")}</Empty>}
      {items.map((touch, index) => (
        <Fragment key={touch.id}>
          {startsDay(touch, items[index - 1]) && <Divider mx="md" my={8} label={day(touch.at)} />}
          <TouchView touch={touch} quoted={quotedBy(touch, items)} quote={quote} />
        </Fragment>
      ))}
    </div>
  );
}

/** Undefined: it quotes nothing. Null: something that is not loaded. */
function quotedBy({ payload }: Touch, items: Touch[]): Touch | null | undefined {
  if (typeof payload.quotes !== "string") return undefined;
  return items.find(({ id }) => id === payload.quotes) ?? null;
}

function startsDay(touch: Touch, before: Touch | undefined): boolean {
  return !before || new Date(before.at).toDateString() !== new Date(touch.at).toDateString();
}

const NEAR_END_PX = 120;

function useFollowedEnd(items: Touch[]) {
  const scroller = useRef<HTMLDivElement>(null);
  const first = useRef(true);
  const last = items.at(-1)?.id;
  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box || !last) return;
    const nearEnd = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END_PX + box.clientHeight / 2;
    if (first.current || nearEnd) box.scrollTop = box.scrollHeight;
    first.current = false;
  }, [last]);
  return scroller;
}
