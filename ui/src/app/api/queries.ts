import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "./client";
import { onReturn } from "./server";

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
