import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "./client";
import type { Kind } from "./native";
import { onReturn } from "./server";

declare module "@tanstack/react-query" {
  interface Register {
    /** The kinds of change at the server after which a query is asked again (live.ts); none: it stays as it is. */
    queryMeta: { kinds?: readonly Kind[] };
  }
}

/** `meta` of a query that is asked again when one of these changes. */
export const liveOn = (...kinds: Kind[]) => ({ kinds });

/** What was asked of the server. A refusal is final; an absent server is asked again when it is back. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      networkMode: "always",
      retry: (failures, error) => error instanceof ApiError && error.status >= 500 && failures < 2,
    },
    mutations: { networkMode: "always", retry: false },
  },
});

onReturn(() => { void queries.invalidateQueries(); });
