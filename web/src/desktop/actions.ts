import { useMutation } from "@tanstack/react-query";
import type { ChosenPresence, Id } from "../client/contract";
import { api, content } from "../client/http";
import { report } from "../ui/problems";
import { useDesk } from "./desk";

type Verb = "hold" | "resume" | "take" | "end" | "close";

/** What can be done to an interaction with nothing but its id; the answer is its new state. */
export function useAct(id: Id) {
  const { store } = useDesk();
  return useMutation({
    mutationFn: (verb: Verb) =>
      content(
        api.POST(`/v1/interactions/{interaction_id}/${verb}`, { params: { path: { interaction_id: id } } }),
      ),
    onSuccess: () => store.dispatch({ name: "interaction.touched", id }),
    onError: (error) => {
      report(error);
      store.dispatch({ name: "interaction.touched", id });
    },
  });
}

export function useAcceptOffer() {
  const { store } = useDesk();
  return useMutation({
    mutationFn: (offerId: Id) =>
      content(api.POST("/v1/offers/{offer_id}/accept", { params: { path: { offer_id: offerId } } })),
    onSuccess: (_, offerId) =>
      store.dispatch({ name: "offer.revoked", offerId, state: "accepted", cause: null }),
    onError: (error, offerId) => {
      report(error);
      if (isGone(error)) store.dispatch({ name: "offer.revoked", offerId, state: "declined", cause: null });
    },
  });
}

export function useDeclineOffer() {
  const { store } = useDesk();
  return useMutation({
    mutationFn: ({ offerId, reason }: { offerId: Id; reason?: string }) =>
      content(
        api.POST("/v1/offers/{offer_id}/decline", {
          params: { path: { offer_id: offerId } },
          body: reason ? { reason } : {},
        }),
      ),
    onSuccess: (_, { offerId }) =>
      store.dispatch({ name: "offer.revoked", offerId, state: "declined", cause: null }),
    onError: (error, { offerId }) => {
      report(error);
      if (isGone(error)) store.dispatch({ name: "offer.revoked", offerId, state: "declined", cause: null });
    },
  });
}

function isGone(error: unknown): boolean {
  return (
    error instanceof Error && "slug" in error && (error.slug === "offer-gone" || error.slug === "not-found")
  );
}

export function useSetPresence() {
  return useMutation({
    mutationFn: (body: ChosenPresence) => content(api.PUT("/v1/me/presence", { body })),
    onError: report,
  });
}
