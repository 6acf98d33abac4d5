// The rows of the runs' table: pinned runs first, then runs with their children, or groups with their runs.
import { useMemo } from "react";
import type { Run } from "../api/mlflow";
import { groupRuns } from "./grouping";
import type { TableRow } from "./RunTable";
import { PARENT, tagOf } from "./runValues";

export interface RowSources {
  runs: readonly Run[];
  pinned: readonly Run[];
  children: readonly Run[];
  counts: ReadonlyMap<string, number>;
  nested: boolean;
  group: string;
  open: ReadonlySet<string>;
}

export function useTableRows(sources: RowSources): TableRow[] {
  const { runs, pinned, children, counts, nested, group, open } = sources;
  return useMemo(() => {
    const row = (run: Run, depth: number, isPinned = false): TableRow => {
      const id = run.info.run_id;
      return { kind: "run", run, depth, pinned: isPinned, open: open.has(id), children: nested && !isPinned ? counts.get(id) ?? 0 : 0 };
    };
    const rows: TableRow[] = pinned.map((run) => row(run, 0, true));
    if (group) {
      for (const found of groupRuns(runs, group)) {
        const key = `group:${found.value ?? ""}:${found.value === null}`;
        rows.push({ kind: "group", group: found, key, open: open.has(key) });
        if (open.has(key)) for (const run of found.runs) rows.push(row(run, 1));
      }
      return rows;
    }
    const below = new Map<string, Run[]>();
    for (const child of children) {
      const parent = tagOf(child, PARENT) ?? "";
      below.set(parent, [...(below.get(parent) ?? []), child]);
    }
    const add = (run: Run, depth: number) => {
      rows.push(row(run, depth));
      // Runs that name each other as parents would go on for ever.
      if (nested && open.has(run.info.run_id) && depth < 8) for (const child of below.get(run.info.run_id) ?? []) add(child, depth + 1);
    };
    const held = new Set(pinned.map((run) => run.info.run_id));
    for (const run of runs) if (!held.has(run.info.run_id)) add(run, 0);
    return rows;
  }, [runs, pinned, children, counts, nested, group, open]);
}
