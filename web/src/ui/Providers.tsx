import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Problem } from "../client/problem";
import { readable, theme } from "./theme";
import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "./i18n";
import "./desk.css";

/** A refusal is an answer: only silence and overload are worth asking again. */
function worthRetrying(failures: number, error: Error): boolean {
  const final = error instanceof Problem && error.status >= 400 && error.status < 500 && error.status !== 429;
  return !final && failures < 3;
}

export const queries = new QueryClient({
  defaultOptions: {
    queries: { retry: worthRetrying, staleTime: 10_000, refetchOnWindowFocus: false, networkMode: "always" },
    mutations: { networkMode: "always" },
  },
});

export function Providers({ children }: { children: ReactNode }) {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={readable} defaultColorScheme="auto">
      <QueryClientProvider client={queries}>
        <Notifications position="bottom-left" />
        {children}
      </QueryClientProvider>
    </MantineProvider>
  );
}
