import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type {
  AgentState,
  EndpointHealth,
  ListedInteraction,
  Metrics,
  Page,
  RoutingHealth,
} from "../client/contract";
import { api, content, fetchPath, told } from "../client/http";
import { report, tell } from "../ui/problems";

/** A wall is looked at, not worked with: it asks every two seconds and needs no connection of its own. */
const EVERY_MS = 2000;
const SLOWLY_MS = 10_000;

export type Period = "today" | "w900" | "w3600";

export function useMetrics(period: Period) {
  const query = period === "today" ? { window: "today" } : { window_seconds: Number(period.slice(1)) };
  return useQuery({
    queryKey: ["metrics", period],
    queryFn: () => told<Metrics>(api.GET("/v1/queues/metrics", { params: { query } })),
    refetchInterval: EVERY_MS,
    placeholderData: keepPreviousData,
  });
}

export function useAgentStates() {
  return useQuery({
    queryKey: ["agents"],
    queryFn: () => told<Page<AgentState>>(api.GET("/v1/agents/states")),
    refetchInterval: EVERY_MS,
  });
}

export function useRoutingHealth() {
  return useQuery({
    queryKey: ["routing health"],
    queryFn: () => told<RoutingHealth>(api.GET("/v1/health/routing")),
    refetchInterval: EVERY_MS,
  });
}

export function useEndpointHealth() {
  return useQuery({
    queryKey: ["endpoint health"],
    queryFn: () => told<{ at: string; items: EndpointHealth[] }>(api.GET("/v1/endpoints/health")),
    refetchInterval: SLOWLY_MS,
  });
}

export function useWaiting(queue: string) {
  return useQuery({
    queryKey: ["waiting", queue],
    queryFn: () =>
      told<Page<ListedInteraction>>(
        api.GET("/v1/queues/{key}/waiting", { params: { path: { key: queue } } }),
      ),
    refetchInterval: EVERY_MS,
    placeholderData: keepPreviousData,
  });
}

export function useMe() {
  return useQuery({ queryKey: ["me"], queryFn: () => content(api.GET("/v1/me")), staleTime: 60_000 });
}

/** The interactions that one figure counts, by the path that came with the figure. */
export function useDrill(path: string, figure: string) {
  return useQuery({
    queryKey: ["drill", path, figure],
    queryFn: () =>
      fetchPath<Page<ListedInteraction>>(`${path}${path.includes("?") ? "&" : "?"}figure=${figure}`),
  });
}

/** A supervisor's act: says that it was done, or why not, and looks again at once. */
export function useSteer<T>(act: (input: T) => Promise<unknown>, done: string, after?: () => void) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: () => {
      tell(done);
      void cache.invalidateQueries();
      after?.();
    },
    onError: report,
  });
}
