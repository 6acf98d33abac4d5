// What several runs have side by side.
import type { Run } from "../api/mlflow";
import { asNumber, duration, durationText, runName, valueText } from "../experiments/runValues";
import { momentText } from "../../parts/Moment";
import { instant, type SavedCell } from "../../parts/save";

export interface CompareRow {
  key: string;
  /** Of each run, in their order; null: it has none. */
  texts: (string | null)[];
  /** The same as they are kept. */
  values: readonly SavedCell[];
  differs: boolean;
  /** Of metrics: the run with the largest and with the smallest finite value, if they differ. */
  most: number;
  least: number;
}
export interface CompareGroup { title: string; rows: CompareRow[] }

function row(key: string, texts: (string | null)[], numbers?: number[], values: readonly SavedCell[] = texts): CompareRow {
  const differs = values.some((value) => value !== values[0]);
  const finite = (numbers ?? []).filter(Number.isFinite);
  const top = Math.max(...finite);
  const bottom = Math.min(...finite);
  const marked = numbers !== undefined && finite.length > 1 && top !== bottom;
  return { key, texts, values, differs, most: marked ? numbers.indexOf(top) : -1, least: marked ? numbers.indexOf(bottom) : -1 };
}

function keysOf(runs: readonly Run[], of: (run: Run) => readonly { key: string }[] | undefined): string[] {
  return [...new Set(runs.flatMap((run) => (of(run) ?? []).map((one) => one.key)))].sort((a, b) => a.localeCompare(b));
}

function textRows(runs: readonly Run[], of: (run: Run) => readonly { key: string; value: string }[] | undefined, skip: (key: string) => boolean = () => false): CompareRow[] {
  const maps = runs.map((run) => new Map((of(run) ?? []).map((one) => [one.key, one.value])));
  return keysOf(runs, of).filter((key) => !skip(key)).map((key) => row(key, maps.map((map) => map.get(key) ?? null)));
}

export function compareRuns(runs: readonly Run[]): CompareGroup[] {
  const metrics = runs.map((run) => new Map((run.data?.metrics ?? []).map((one) => [one.key, one.value])));
  const details: CompareRow[] = [
    row("Name", runs.map(runName)),
    row("Status", runs.map((run) => run.info.status.toLowerCase())),
    row("Started", runs.map((run) => (run.info.start_time === undefined ? null : momentText(run.info.start_time))), undefined, runs.map((run) => instant(run.info.start_time))),
    row("Duration", runs.map((run) => durationText(duration(run)) || null), undefined, runs.map((run) => (duration(run) === null ? null : `${duration(run)} ms`))),
    row("User", runs.map((run) => run.info.user_id ?? null)),
    row("Datasets", runs.map((run) => run.inputs?.dataset_inputs?.map((input) => `${input.dataset.name} (${input.dataset.digest})`).join(", ") ?? null)),
  ];
  return [
    { title: "Metrics", rows: keysOf(runs, (run) => run.data?.metrics).map((key) =>
      row(key, metrics.map((map) => (map.has(key) ? valueText(map.get(key), 5) : null)), metrics.map((map) => asNumber(map.get(key))), metrics.map((map) => map.get(key) ?? null))) },
    { title: "Parameters", rows: textRows(runs, (run) => run.data?.params) },
    { title: "Tags", rows: textRows(runs, (run) => run.data?.tags, (key) => key === "mlflow.runName") },
    { title: "Run", rows: details },
  ].filter((group) => group.rows.length > 0);
}
