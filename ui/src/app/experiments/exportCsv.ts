import { searchRuns, type Run } from "../api/mlflow";
import { csvField } from "../../parts/csvField";
import { columnTitle, fieldsFor, splitColumn } from "./columns";
import type { Asked } from "./useRuns";
import { duration, metricOf, paramOf, runName, tagOf } from "./runValues";

const PAGE = 5000;

function cell(run: Run, column: string): string | number {
  const [kind, key] = splitColumn(column);
  if (kind === "metrics") return metricOf(run, key)?.value ?? "";
  if (kind === "params") return paramOf(run, key) ?? "";
  if (kind === "tags") return tagOf(run, key) ?? "";
  if (kind === "datasets") return (run.inputs?.dataset_inputs ?? []).map((input) => input.dataset.name).join(" ");
  if (key === "duration") return duration(run) ?? "";
  if (key === "start_time" || key === "end_time") {
    const ms = run.info[key];
    return ms === undefined ? "" : new Date(ms).toISOString();
  }
  return String(run.info[key as keyof Run["info"]] ?? "");
}

export function csvOf(runs: readonly Run[], columns: readonly string[]): string {
  return runs.map((run) => `${[run.info.run_id, runName(run), ...columns.map((column) => cell(run, column))].map(csvField).join(",")}\r\n`).join("");
}

/** All runs that are asked for, not only those that were scrolled to. */
export async function exportRuns(asked: Asked, progress: (rows: number) => void, signal: AbortSignal): Promise<Blob> {
  const head = ["run_id", "run_name", ...asked.columns.map((column) => (column.startsWith("attributes.") ? splitColumn(column)[1] : column.startsWith("datasets") ? columnTitle(column) : column))];
  const parts = [`${head.map(csvField).join(",")}\r\n`];
  let token: string | undefined;
  let rows = 0;
  do {
    const page = await searchRuns({
      experiment_ids: [asked.experiment], filter: asked.filter, run_view_type: asked.view, order_by: asked.order ? [asked.order] : undefined,
      fields: fieldsFor(asked.columns), max_results: PAGE, page_token: token,
    }, signal);
    parts.push(csvOf(page.runs, asked.columns));
    rows += page.runs.length;
    progress(rows);
    token = page.next_page_token;
  } while (token);
  return new Blob(parts, { type: "text/csv;charset=utf-8" });
}
