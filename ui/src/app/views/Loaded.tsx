import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Failed, Skeleton } from "../../parts/States";

/** What an answer is made into, once it is there. */
export function Loaded<T>({ query, lines = 8, children }: { query: UseQueryResult<T>; lines?: number; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.isError) return <Failed error={query.error} retry={() => { void query.refetch(); }} />;
  return <Skeleton lines={lines} />;
}
