// Columns of the runs' table: "attributes.start_time", "metrics.auc", "params.depth", "tags.team", "datasets".
import type { Run } from "../api/mlflow";
import { PARENT, NOTE, COLOR } from "./runValues";

export type Kind = "attributes" | "metrics" | "params" | "tags" | "datasets";

export const ATTRIBUTES: Readonly<Record<string, string>> = {
  start_time: "Created", duration: "Duration", status: "Status", user_id: "User", end_time: "Ended", run_id: "Run id",
};

export function splitColumn(id: string): [Kind, string] {
  const dot = id.indexOf(".");
  return dot < 0 ? [id as Kind, ""] : [id.slice(0, dot) as Kind, id.slice(dot + 1)];
}

/** How the filter and order_by call it: what is not a plain word stands between back-quotes. */
export function searchName(id: string): string {
  const [kind, key] = splitColumn(id);
  if (/^[A-Za-z_][\w.]*$/.test(key)) return `${kind}.${key}`;
  return key.includes("`") ? `${kind}."${key}"` : `${kind}.\`${key}\``;
}

export function columnTitle(id: string): string {
  const [kind, key] = splitColumn(id);
  return kind === "attributes" ? ATTRIBUTES[key] ?? key : kind === "datasets" ? "Dataset" : key;
}

export interface Keys { metrics: string[]; params: string[]; tags: string[]; values: Map<string, string[]> }

/** Keys, and values of params and tags, that some runs have. Tags of programs come last. */
export function keysOf(runs: readonly Run[]): Keys {
  const kinds = { metrics: new Set<string>(), params: new Set<string>(), tags: new Set<string>() };
  const values = new Map<string, Set<string>>();
  const note = (column: string, value: string) => {
    const known = values.get(column) ?? new Set<string>();
    if (known.size < 50 && value.length <= 100) known.add(value);
    values.set(column, known);
  };
  for (const { data } of runs) {
    for (const metric of data?.metrics ?? []) kinds.metrics.add(metric.key);
    for (const param of data?.params ?? []) { kinds.params.add(param.key); note(`params.${param.key}`, param.value); }
    for (const tag of data?.tags ?? []) { kinds.tags.add(tag.key); note(`tags.${tag.key}`, tag.value); }
  }
  const sorted = (set: Set<string>) => [...set].sort((a, b) => Number(isProgram(a)) - Number(isProgram(b)) || a.localeCompare(b));
  return {
    metrics: sorted(kinds.metrics), params: sorted(kinds.params), tags: sorted(kinds.tags),
    values: new Map([...values].map(([column, set]) => [column, [...set].sort()])),
  };
}

const isProgram = (key: string) => /^(system\/|mlflow\.|quern\.)/.test(key);

/** What a table shows that nobody has set: a few of each kind. */
export function usualColumns(keys: Keys): string[] {
  const few = (kind: Kind, from: string[], most: number) => from.filter((key) => !isProgram(key)).slice(0, most).map((key) => `${kind}.${key}`);
  return ["attributes.start_time", "attributes.duration", ...few("metrics", keys.metrics, 5), ...few("params", keys.params, 5), ...few("tags", keys.tags, 1)];
}

/** What the server has to send for these columns, and for what every row shows. */
export function fieldsFor(columns: readonly string[], ...more: string[]): string[] {
  const keys = columns.filter((id) => !id.startsWith("attributes.") && id !== "datasets");
  const datasets = columns.includes("datasets") ? ["inputs"] : [];
  return [...new Set(["info", `tags.${PARENT}`, `tags.${NOTE}`, `tags.${COLOR}`, ...keys, ...datasets, ...more])];
}
