// What the table, the charts and the export read of a run.
import { num } from "../../parts/format";
import type { Metric, Run, Value } from "../api/mlflow";

export const PARENT = "mlflow.parentRunId";
export const NOTE = "mlflow.note.content";
export const COLOR = "mlflow.runColor";

/** The largest double stands for infinity where a store cannot keep that: MLflow's clients know it so. */
export function asNumber(value: Value | undefined): number {
  if (typeof value === "number") return Math.abs(value) === Number.MAX_VALUE ? Math.sign(value) * Number.POSITIVE_INFINITY : value;
  return value === "Infinity" ? Number.POSITIVE_INFINITY : value === "-Infinity" ? Number.NEGATIVE_INFINITY : Number.NaN;
}

/** A metric's value in few digits; NaN and the infinities by their names. */
export function valueText(value: Value | undefined, digits = 4): string {
  if (value === undefined) return "";
  const number = asNumber(value);
  return Number.isFinite(number) ? num(number, digits) : Number.isNaN(number) ? "NaN" : number > 0 ? "∞" : "\u2212∞";
}

export const runName = (run: Run): string => run.info.run_name || run.info.run_id.slice(0, 8);
export const runAddress = (run: Run): string => `/experiments/${encodeURIComponent(run.info.experiment_id)}/runs/${encodeURIComponent(run.info.run_id)}`;

export const metricOf = (run: Run, key: string): Metric | undefined => run.data?.metrics?.find((metric) => metric.key === key);
export const paramOf = (run: Run, key: string): string | undefined => run.data?.params?.find((param) => param.key === key)?.value;
export const tagOf = (run: Run, key: string): string | undefined => run.data?.tags?.find((tag) => tag.key === key)?.value;

export function duration(run: Run): number | null {
  const { start_time: start, end_time: end } = run.info;
  return start !== undefined && end !== undefined && end >= start ? end - start : null;
}

/** "430 ms", "12 s", "3 min 20 s", "5 h 10 min", "2 d 3 h". */
export function durationText(ms: number | null): string {
  if (ms === null) return "";
  if (ms < 1000) return `${ms} ms`;
  const s = Math.round(ms / 1000);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min${s % 60 ? ` ${s % 60} s` : ""}`;
  if (s < 172_800) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
}

/** A run's colour everywhere: the one that somebody gave it, else one made of its id. Lightness and strength are the
 *  theme's, so that every one stands out on its ground. */
export function runColor(id: string, chosen?: string): string {
  if (chosen && /^#[0-9a-f]{6}$/i.test(chosen)) return chosen;
  let hash = 2166136261;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 16777619);
  return `oklch(var(--run-l) var(--run-c) ${(hash >>> 0) % 360})`;
}
