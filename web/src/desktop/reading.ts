import { useMutation } from "@tanstack/react-query";
import { useEffect } from "react";
import type { Id, Touch } from "../client/contract";
import { api, content } from "../client/http";

/** Tells that the customer's newest message stands before the agent's eyes: visitors and messengers show it. */
export function useReadMark(id: Id, items: Touch[], inHand: boolean): void {
  const newest = items.findLast(({ direction, kind }) => direction === "inbound" && kind === "message");
  const unread = inHand && newest && newest.delivery?.state !== "read" ? newest.id : null;
  const { mutate } = useMutation({
    mutationFn: (touchId: Id) =>
      content(
        api.POST("/v1/interactions/{interaction_id}/read", {
          params: { path: { interaction_id: id } },
          body: { touch_id: touchId },
        }),
      ),
  });
  useEffect(() => {
    if (!unread) return;
    const look = () => {
      if (document.visibilityState !== "visible" || !document.hasFocus()) return;
      stop();
      mutate(unread);
    };
    const stop = () => {
      document.removeEventListener("visibilitychange", look);
      window.removeEventListener("focus", look);
    };
    document.addEventListener("visibilitychange", look);
    window.addEventListener("focus", look);
    look();
    return stop;
  }, [unread, mutate]);
}
