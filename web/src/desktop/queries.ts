import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type {
  Customer,
  CustomerContext,
  Id,
  Interaction,
  ListedInteraction,
  Page,
  Touch,
} from "../client/contract";
import { api, content, told } from "../client/http";

const PAGE = 50;
const WAITING = ["queued" as const, "callback_waiting" as const, "scheduled" as const];

export function useMe() {
  return useQuery({ queryKey: ["me"], queryFn: () => content(api.GET("/v1/me")), staleTime: 60_000 });
}

/** From where a customer can be written to first. */
export function useMessengers() {
  return useQuery({
    queryKey: ["messengers"],
    queryFn: () => content(api.GET("/v1/me/messengers")),
    staleTime: 300_000,
  });
}

export function useInteraction(id: Id) {
  return useQuery({
    queryKey: ["interaction", id],
    queryFn: () =>
      told<Interaction>(
        api.GET("/v1/interactions/{interaction_id}", { params: { path: { interaction_id: id } } }),
      ),
  });
}

export function useWaiting(enabled: boolean) {
  return useQuery({
    queryKey: ["waiting"],
    queryFn: () =>
      told<Page<ListedInteraction>>(
        api.GET("/v1/interactions", {
          params: { query: { state: WAITING, order: "oldest" as const, limit: PAGE } },
        }),
      ),
    refetchInterval: 10_000,
    enabled,
  });
}

export function useTouches(id: Id) {
  return useInfiniteQuery({
    queryKey: ["touches", id],
    queryFn: ({ pageParam }) =>
      told<Page<Touch>>(
        api.GET("/v1/interactions/{interaction_id}/touches", {
          params: { path: { interaction_id: id }, query: { limit: PAGE, cursor: pageParam } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
}

export interface TimelineFilter {
  channel?: string;
  q?: string;
}

export function useTimeline(customerId: Id, { channel, q }: TimelineFilter) {
  return useInfiniteQuery({
    queryKey: ["timeline", customerId, channel ?? "", q ?? ""],
    staleTime: 0, // what came while nobody here had the customer in hand is told to nobody here
    queryFn: ({ pageParam }) => {
      const query = { limit: PAGE, cursor: pageParam, channel, q: q || undefined };
      return told<Page<Touch>>(
        api.GET("/v1/customers/{customer_id}/timeline", {
          params: { path: { customer_id: customerId }, query },
        }),
      );
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
}

export function useCustomerContext(id: Id) {
  return useQuery({
    queryKey: ["customer", id, "context"],
    queryFn: () =>
      told<CustomerContext>(
        api.GET("/v1/customers/{customer_id}/context", { params: { path: { customer_id: id } } }),
      ),
  });
}

export function useCustomerSearch(q: string) {
  return useQuery({
    queryKey: ["customers", q],
    queryFn: () => told<Page<Customer>>(api.GET("/v1/customers", { params: { query: { q, limit: 20 } } })),
    enabled: q.length > 0,
  });
}
