// Runs grouped by the value of a parameter, a tag or a dataset, with what their metrics are on the whole.
import type { Run } from "../api/mlflow";
import { splitColumn } from "./columns";
import { asNumber, metricOf, paramOf, tagOf } from "./runValues";

export interface Group {
  /** Null: the runs that have none. */
  value: string | null;
  runs: Run[];
}

export interface Spread { mean: number; least: number; most: number; count: number }

function valueOf(run: Run, column: string): string | null {
  const [kind, key] = splitColumn(column);
  if (kind === "params") return paramOf(run, key) ?? null;
  if (kind === "tags") return tagOf(run, key) ?? null;
  if (kind === "datasets") {
    const inputs = run.inputs?.dataset_inputs ?? [];
    return inputs.length > 0 ? inputs.map((input) => `${input.dataset.name} (${input.dataset.digest})`).sort().join(", ") : null;
  }
  return key === "user_id" ? run.info.user_id ?? null : key === "status" ? run.info.status : null;
}

/** Numbers in the order of numbers, texts in theirs, those without a value last. */
export function groupRuns(runs: readonly Run[], column: string): Group[] {
  const groups = new Map<string | null, Run[]>();
  for (const run of runs) {
    const value = valueOf(run, column);
    const group = groups.get(value);
    if (group) group.push(run);
    else groups.set(value, [run]);
  }
  return [...groups].map(([value, members]) => ({ value, runs: members })).sort((a, b) => {
    if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null);
    return a.value.localeCompare(b.value, undefined, { numeric: true });
  });
}

/** Of a metric over the runs that have it as a finite number; null if none does. */
export function spread(runs: readonly Run[], metric: string): Spread | null {
  const values = runs.map((run) => asNumber(metricOf(run, metric)?.value)).filter(Number.isFinite);
  if (values.length === 0) return null;
  return { mean: values.reduce((sum, value) => sum + value, 0) / values.length, least: Math.min(...values), most: Math.max(...values), count: values.length };
}
