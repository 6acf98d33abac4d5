// Points of metrics as charts want them.
import { useQuery, keepPreviousData } from "@tanstack/react-query";
import { metricInterval, type Metric, type Run } from "../api/mlflow";
import { liveOn } from "../api/queries";
import { asNumber, COLOR, runColor, runName, tagOf } from "../experiments/runValues";
import { smoothed } from "./statistics";

/** What a screen can show of one line; asked for anew for the part that is looked at. */
const POINTS = 320;

export interface Point { x: number; y: number; step: number; timestamp: number }
export interface Series { run: string; name: string; color: string; points: Point[]; smooth: number[] }
export type Along = "step" | "time" | "relative";

export function usePoints(runs: readonly Run[], key: string, steps: [number, number] | null, enabled: boolean) {
  const ids = runs.map((run) => run.info.run_id);
  const live = runs.some((run) => run.info.status === "RUNNING");
  return useQuery({
    queryKey: ["points", key, steps, ids], meta: liveOn("runs"), enabled, placeholderData: keepPreviousData, refetchInterval: live ? 5000 : false,
    queryFn: ({ signal }) => metricInterval(ids, key, steps, POINTS, signal),
  });
}

/** Each run's points by step; seconds since its first for "relative". */
export function seriesOf(metrics: readonly Metric[], runs: readonly Run[], along: Along, smoothing: number): Series[] {
  const byRun = new Map<string, Metric[]>();
  for (const metric of metrics) {
    const list = byRun.get(metric.run_id ?? "");
    if (list) list.push(metric);
    else byRun.set(metric.run_id ?? "", [metric]);
  }
  return runs.flatMap((run): Series[] => {
    const own = byRun.get(run.info.run_id) ?? (runs.length === 1 ? byRun.get("") : undefined);
    if (!own) return [];
    const start = run.info.start_time ?? own[0]?.timestamp ?? 0;
    const points = own.map((metric): Point => ({
      x: along === "step" ? metric.step : along === "time" ? metric.timestamp : (metric.timestamp - start) / 1000,
      y: asNumber(metric.value), step: metric.step, timestamp: metric.timestamp,
    })).sort((a, b) => a.x - b.x || a.step - b.step);
    return [{ run: run.info.run_id, name: runName(run), color: runColor(run.info.run_id, tagOf(run, COLOR)), points, smooth: smoothed(points.map((point) => point.y), smoothing / 100) }];
  });
}

/** The steps whose points lie between two places of the axis. */
export function stepsBetween(series: readonly Series[], from: number, to: number): [number, number] | null {
  const steps = series.flatMap((one) => one.points.filter((point) => point.x >= from && point.x <= to).map((point) => point.step));
  if (steps.length === 0) return null;
  return [Math.min(...steps), Math.max(...steps)];
}
