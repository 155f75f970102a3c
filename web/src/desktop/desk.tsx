import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import {
  createContext,
  type ReactNode,
  use,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
} from "react";
import type { Id, Interaction, Touch } from "../client/contract";
import { fromFrame, fromSnapshot, touchOf } from "../client/frames";
import { api, told } from "../client/http";
import { Problem } from "../client/problem";
import { session } from "../client/session";
import { WorkStore } from "../client/store";
import { EventStream, type EventFrame, type StreamStatus } from "../client/stream";
import { mergeTouch, type TouchPages } from "../client/touches";
import type { Work } from "../client/work";
import { tellConsultOver } from "./consultOver";
import { Typists } from "./typists";

export interface Connection {
  status: StreamStatus;
  retryAt: number | null;
}

interface Desk {
  store: WorkStore;
  stream: EventStream;
  connection: Connection;
  typists: Typists;
  /** Interactions with touches that came while another one was open. */
  unread: ReadonlySet<Id>;
  read: (id: Id) => void;
}

const DeskContext = createContext<Desk | null>(null);

export function useDesk(): Desk {
  const desk = use(DeskContext);
  if (!desk) throw new Error("outside of the desk");
  return desk;
}

export function useWork(): Work {
  const { store } = useDesk();
  return useSyncExternalStore(store.subscribe, store.get);
}

/** The one live connection of the desktop, the state it feeds, and the fetching of what events only name. */
export function DeskProvider({ children }: { children: ReactNode }) {
  const cache = useQueryClient();
  const [store] = useState(() => new WorkStore());
  const [typists] = useState(() => new Typists());
  const [connection, setConnection] = useState<Connection>({ status: "connecting", retryAt: null });
  const [unread, setUnread] = useState<ReadonlySet<Id>>(new Set());

  const stream = useMemo(() => {
    return new EventStream({
      url: `${location.origin.replace(/^http/, "ws")}/v1/stream`,
      token: () => session.token,
      renew: () => session.refresh(),
      onStatus: (status, retryAt) => setConnection({ status, retryAt }),
      onReady: ({ snapshot }) => {
        if (!snapshot) return;
        store.dispatch(fromSnapshot(snapshot, Date.now()));
        void cache.invalidateQueries();
      },
      onTyping: (id) => typists.heard(id),
      onEvent: (frame) => {
        const event = fromFrame(frame, store.get(), Date.now());
        if (event) store.dispatch(event);
        tellConsultOver(frame, store.get());
        const touch = touchOf(frame);
        if (touch?.interaction_id && touch.interaction_id in store.get().interactions) {
          keepTouch(cache, touch);
          if (touch.direction === "inbound") {
            mark(setUnread, touch.interaction_id);
            typists.over(touch.interaction_id);
          }
        }
        invalidate(cache, frame);
      },
    });
  }, [store, typists, cache]);

  useEffect(() => {
    stream.start();
    const forget = session.subscribe(() => (session.token ? stream.authenticate() : stream.stop()));
    const retry = () => stream.retry();
    window.addEventListener("online", retry);
    return () => {
      window.removeEventListener("online", retry);
      forget();
      stream.stop();
    };
  }, [stream]);

  useStaleFetched(store);
  const desk = useMemo(
    () => ({
      store,
      stream,
      connection,
      typists,
      unread,
      read: (id: Id) => setUnread((ids) => unmarked(ids, id)),
    }),
    [store, stream, connection, typists, unread],
  );
  return <DeskContext value={desk}>{children}</DeskContext>;
}

function mark(set: (change: (ids: ReadonlySet<Id>) => ReadonlySet<Id>) => void, id: Id): void {
  set((ids) => (ids.has(id) ? ids : new Set([...ids, id])));
}

function unmarked(ids: ReadonlySet<Id>, id: Id): ReadonlySet<Id> {
  return ids.has(id) ? new Set([...ids].filter((other) => other !== id)) : ids;
}

function keepTouch(cache: QueryClient, touch: Touch): void {
  cache.setQueriesData<TouchPages>({ queryKey: ["touches", touch.interaction_id] }, (pages) =>
    mergeTouch(pages, touch),
  );
  void cache.invalidateQueries({ queryKey: ["timeline"] });
}

function invalidate(cache: QueryClient, frame: EventFrame): void {
  const noun = frame.entity.split("/")[0];
  if (noun === "customer") void cache.invalidateQueries({ queryKey: ["customer"] });
  if (noun === "interaction") {
    void cache.invalidateQueries({ queryKey: ["waiting"] });
    void cache.invalidateQueries({ queryKey: ["interaction", frame.entity.slice(noun.length + 1)] });
  }
}

const FETCH_AGAIN_MS = 1000;

/** Fetches each stale interaction, one request at a time for each, until it is as new as the event said. */
function useStaleFetched(store: WorkStore): void {
  useEffect(() => {
    const fetching = new Set<Id>();
    let stopped = false;
    const fetchOne = async (id: Id) => {
      fetching.add(id);
      await fetchInto(store, id);
      if (id in store.get().stale) await new Promise((resolve) => setTimeout(resolve, FETCH_AGAIN_MS));
      fetching.delete(id);
      if (!stopped) look();
    };
    const look = () => {
      for (const id of Object.keys(store.get().stale)) if (!fetching.has(id)) void fetchOne(id);
    };
    look();
    const forget = store.subscribe(look);
    return () => {
      stopped = true;
      forget();
    };
  }, [store]);
}

async function fetchInto(store: WorkStore, id: Id): Promise<void> {
  try {
    const interaction = await told<Interaction>(
      api.GET("/v1/interactions/{interaction_id}", { params: { path: { interaction_id: id } } }),
    );
    store.dispatch({ name: "interaction.fetched", interaction });
  } catch (error) {
    const gone = error instanceof Problem && (error.status === 404 || error.status === 403);
    if (gone) store.dispatch({ name: "interaction.gone", id });
  }
}
