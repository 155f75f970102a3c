import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { Id } from "../client/contract";
import { api, content } from "../client/http";

const PAGE = 50;

export function useMe() {
  return useQuery({ queryKey: ["me"], queryFn: () => content(api.GET("/v1/me")), staleTime: 60_000 });
}

export function useInteraction(id: Id) {
  return useQuery({
    queryKey: ["interaction", id],
    queryFn: () => content(api.GET("/v1/interactions/{id}", { params: { path: { id } } })),
  });
}

export function useWaiting(enabled: boolean) {
  return useQuery({
    queryKey: ["waiting"],
    queryFn: () => content(api.GET("/v1/interactions", { params: { query: { state: "queued", limit: PAGE } } })),
    refetchInterval: 10_000,
    enabled,
  });
}

export function useTouches(id: Id) {
  return useInfiniteQuery({
    queryKey: ["touches", id],
    queryFn: ({ pageParam }) =>
      content(api.GET("/v1/interactions/{id}/touches", { params: { path: { id }, query: { limit: PAGE, cursor: pageParam } } })),
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
    queryFn: ({ pageParam }) => {
      const query = { limit: PAGE, cursor: pageParam, channel, q: q || undefined };
      return content(api.GET("/v1/customers/{id}/timeline", { params: { path: { id: customerId }, query } }));
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
}

export function useCustomerContext(id: Id) {
  return useQuery({
    queryKey: ["customer", id, "context"],
    queryFn: () => content(api.GET("/v1/customers/{id}/context", { params: { path: { id } } })),
  });
}

export function useCustomerSearch(q: string) {
  return useQuery({
    queryKey: ["customers", q],
    queryFn: () => content(api.GET("/v1/customers", { params: { query: { q, limit: 20 } } })),
    enabled: q.length > 0,
  });
}
