// What the runs page asks of the server.
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { liveOn } from "../api/queries";
import { getExperiment, searchRuns, type View } from "../api/mlflow";
import { fieldsFor, keysOf } from "./columns";
import { PARENT } from "./runValues";

/** The first page is there at once, the others are few. */
const FIRST_PAGE = 200;
const PAGE = 1000;
const SAMPLE = 30;
const LIVE_MS = 15_000;

export function useExperiment(id: string) {
  return useQuery({ queryKey: ["experiment", id], meta: liveOn("runs"), queryFn: ({ signal }) => getExperiment(id, signal) });
}

/** Keys that the newest runs have: for columns, groups and completion. */
export function useKeysOfRuns(experiment: string) {
  return useQuery({
    queryKey: ["run-keys", experiment], meta: liveOn("runs"), staleTime: 60_000,
    queryFn: async ({ signal }) => keysOf((await searchRuns({ experiment_ids: [experiment], max_results: SAMPLE, run_view_type: "ALL" }, signal)).runs),
  });
}

export interface Asked { experiment: string; filter: string; order: string; view: View; columns: readonly string[] }
/** What is asked of the first page alone: so many runs, with all that they have. */
export interface WholeRuns { most: number }

/** Filters joined by AND; each stands by itself. */
export function both(...filters: string[]): string {
  const given = filters.filter((filter) => filter.trim());
  return given.length < 2 ? given[0] ?? "" : given.map((filter) => `(${filter})`).join(" AND ");
}

/** All runs that are asked for, page by page as they are wanted. While only the first page is there, it is kept
 *  fresh; later pages would shift under the reader. */
export function useRuns(asked: Asked, enabled: boolean, whole?: WholeRuns) {
  return useInfiniteQuery({
    queryKey: ["runs", asked.experiment, asked.view, asked.filter, asked.order, whole ?? asked.columns],
    meta: liveOn("runs"),
    enabled,
    queryFn: async ({ pageParam, signal }) => ({
      whole: whole !== undefined,
      ...await searchRuns({
        experiment_ids: [asked.experiment], filter: asked.filter, run_view_type: asked.view, fields: whole ? undefined : fieldsFor(asked.columns),
        order_by: asked.order ? [asked.order] : undefined, page_token: pageParam, max_results: pageParam ? PAGE : whole?.most ?? FIRST_PAGE,
        count_total: pageParam === undefined,
      }, signal),
    }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_page_token,
    // Comparing 100,000 runs with those of before costs more than drawing the forty in sight.
    structuralSharing: false,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) === 1 ? LIVE_MS : false),
    placeholderData: keepPreviousData,
  });
}

/** Runs by their ids, in their order, whatever the filter says; whole if no columns are named. */
export function useRunsById(experiment: string, ids: readonly string[], columns?: readonly string[]) {
  return useQuery({
    queryKey: ["runs-by-id", experiment, ids, columns], meta: liveOn("runs"), enabled: ids.length > 0, placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const { runs } = await searchRuns({ experiment_ids: [experiment], filter: idsFilter(ids), run_view_type: "ALL", fields: columns && fieldsFor(columns), max_results: ids.length }, signal);
      return runs.sort((a, b) => ids.indexOf(a.info.run_id) - ids.indexOf(b.info.run_id));
    },
  });
}

const quoted = (ids: readonly string[]) => ids.map((id) => `'${id.replaceAll("'", "''")}'`).join(", ");
export const idsFilter = (ids: readonly string[]) => `run_id IN (${quoted(ids)})`;

/** How many children each run has; runs without any are not in it. */
export function useChildCounts(experiment: string, view: View) {
  return useQuery({
    queryKey: ["run-children", experiment, view], meta: liveOn("runs"), staleTime: 30_000,
    queryFn: async ({ signal }) => {
      const { runs } = await searchRuns({
        experiment_ids: [experiment], run_view_type: view, filter: `tags.\`${PARENT}\` IS NOT NULL`, fields: ["info", `tags.${PARENT}`], max_results: 20_000,
      }, signal);
      const counts = new Map<string, number>();
      for (const run of runs) {
        const parent = run.data?.tags?.[0]?.value ?? "";
        counts.set(parent, (counts.get(parent) ?? 0) + 1);
      }
      return counts;
    },
  });
}

/** The children of the runs that are unfolded. */
export function useChildren(asked: Asked, parents: readonly string[]) {
  return useQuery({
    queryKey: ["children", asked, parents], meta: liveOn("runs"), enabled: parents.length > 0, placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      return (await searchRuns({
        experiment_ids: [asked.experiment], run_view_type: asked.view, filter: `tags.\`${PARENT}\` IN (${quoted(parents)})`, fields: fieldsFor(asked.columns),
        order_by: asked.order ? [asked.order] : undefined, max_results: 10_000,
      }, signal)).runs;
    },
  });
}
