// Quantities by which runs are compared: metrics, and parameters as numbers where all of them are.
import type { Run } from "../api/mlflow";
import { splitColumn } from "../experiments/columns";
import { asNumber, metricOf, paramOf } from "../experiments/runValues";
import type { Axis } from "./options";

const isNumber = (text: string) => text.trim() !== "" && Number.isFinite(Number(text));

/** All that these runs have, those first that are not the same in all of them. */
export function axesOf(runs: readonly Run[]): Axis[] {
  const params = new Map<string, Set<string>>();
  const metrics = new Map<string, Set<number>>();
  for (const { data } of runs) {
    for (const param of data?.params ?? []) params.set(param.key, (params.get(param.key) ?? new Set()).add(param.value));
    for (const metric of data?.metrics ?? []) metrics.set(metric.key, (metrics.get(metric.key) ?? new Set()).add(asNumber(metric.value)));
  }
  const ofParams = [...params].map(([key, values]): Axis & { varies: boolean } => {
    const numeric = [...values].every(isNumber);
    return { id: `params.${key}`, title: key, numeric, values: [...values].sort((a, b) => a.localeCompare(b, undefined, { numeric: true })), varies: values.size > 1 };
  });
  const ofMetrics = [...metrics].filter(([key]) => !key.startsWith("system/")).map(([key, values]): Axis & { varies: boolean } =>
    ({ id: `metrics.${key}`, title: key, numeric: true, values: [], varies: values.size > 1 }));
  const order = <T extends { varies: boolean; title: string }>(list: T[]) => list.sort((a, b) => Number(b.varies) - Number(a.varies) || a.title.localeCompare(b.title));
  return [...order(ofParams), ...order(ofMetrics)];
}

/** A run's value on an axis; null if it has none that can be drawn. */
export function valueOn(run: Run, axis: Axis): number | string | null {
  const [kind, key] = splitColumn(axis.id);
  if (kind === "metrics") {
    const value = asNumber(metricOf(run, key)?.value);
    return Number.isFinite(value) ? value : null;
  }
  const text = paramOf(run, key);
  return text === undefined ? null : axis.numeric ? Number(text) : text;
}
