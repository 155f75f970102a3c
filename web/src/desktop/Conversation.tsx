import { Button, Center, Divider } from "@mantine/core";
import { Fragment, useLayoutEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Interaction, Touch } from "../client/contract";
import { inOrder } from "../client/touches";
import { Empty, Failure, Loading } from "../ui/States";
import { day } from "../ui/time";
import { useTouches } from "./queries";
import { TouchView } from "./TouchView";

/** All touches of one interaction, oldest first; it follows the end unless the reader has scrolled back. */
export function Conversation({ interaction }: { interaction: Interaction }) {
  const { t } = useTranslation();
  const touches = useTouches(interaction.id);
  const items = inOrder(touches.data);
  const scroller = useFollowedEnd(items);
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
          <TouchView touch={touch} />
        </Fragment>
      ))}
    </div>
  );
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
