import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Id, Interaction, NewMessage, Touch } from "../client/contract";
import { api, told } from "../client/http";
import { newId } from "../client/ids";
import { Problem } from "../client/problem";
import { mergeTouch, type TouchPages } from "../client/touches";
import { useDesk } from "./desk";

/** What an agent says; the rest of a message tells who says it when. */
type Said = Partial<Omit<NewMessage, "client_message_id" | "version">>;

/** The reply itself is the key of a repeat: sending the same one again after a time-out stores it once. */
export function useSendReply(interaction: Interaction, sent: (body: NewMessage) => void) {
  const keep = useKeepTouch(interaction.id);
  const { store } = useDesk();
  const [last, setLast] = useState<{ said: string; body: NewMessage } | null>(null);
  const [stale, setStale] = useState<Problem | null>(null);
  const mutation = useMutation({
    mutationFn: (body: NewMessage) =>
      told<Touch>(
        api.POST("/v1/interactions/{interaction_id}/messages", {
          params: { path: { interaction_id: interaction.id } },
          body,
        }),
      ),
    onSuccess: (touch, body) => {
      keep(touch);
      setLast(null);
      setStale(null);
      sent(body);
    },
    onError: (error) => {
      if (!(error instanceof Problem) || error.slug !== "stale") return;
      setStale(error);
      store.dispatch({ name: "interaction.touched", id: interaction.id });
    },
  });

  function send(wanted: Said): void {
    const said = JSON.stringify(wanted);
    const key = last?.said === said ? last.body.client_message_id : newId();
    const seen = { client_message_id: key, version: interaction.version };
    const body = { text: "", attachments: [], buttons: [], ...wanted, ...seen };
    setLast({ said, body });
    mutation.mutate(body);
  }
  /** The agent has read what was missed: the same reply, seen at the version that the refusal told. */
  function again(): void {
    const version = Number(stale?.members.version ?? interaction.version);
    setStale(null);
    if (last) mutation.mutate({ ...last.body, client_message_id: newId(), version });
  }
  return {
    send,
    again,
    forget: () => setStale(null),
    stale,
    isPending: mutation.isPending,
    failure: mutation.error instanceof Problem && mutation.error.slug === "stale" ? null : mutation.error,
  };
}

export function useSendNote(id: Id, sent: (text: string) => void) {
  const keep = useKeepTouch(id);
  return useMutation({
    mutationFn: (text: string) =>
      told<Touch>(
        api.POST("/v1/interactions/{interaction_id}/notes", {
          params: { path: { interaction_id: id } },
          body: { text },
        }),
      ),
    onSuccess: (touch, text) => {
      keep(touch);
      sent(text);
    },
  });
}

/** Shows at once what the answer holds; the event that follows finds it there. */
function useKeepTouch(id: Id) {
  const cache = useQueryClient();
  return (touch: Touch) => {
    cache.setQueriesData<TouchPages>({ queryKey: ["touches", id] }, (pages) => mergeTouch(pages, touch));
    void cache.invalidateQueries({ queryKey: ["timeline"] });
  };
}
