// Points of metrics as charts want them.
import { useQuery, keepPreviousData } from "@tanstack/react-query";
import { metricColumns, type MetricColumns } from "../api/native";
import type { Metric, Run } from "../api/mlflow";
import { liveOn } from "../api/queries";
import { asNumber, COLOR, runColor, runName, tagOf } from "../experiments/runValues";
import { smoothed } from "./statistics";

/** Columns that a line is drawn in, up to four points each: what a screen can show of it. Asked for anew for the part that is
 *  looked at. */
const COLUMNS = 80;

export interface Point { x: number; y: number; step: number; timestamp: number }
export interface Place { x: number; y: number }
/** What is known of a column of a run, beside the points that are drawn. */
export interface Column { number: number; mean: number; least: number; greatest: number }
export interface Series {
  run: string; name: string; color: string;
  /** In the order of the axis. Of a long series the first, least, greatest and last of each column. */
  points: Point[];
  /** The smoothed line: through the points, or through the means of the columns, as the least and the greatest of a column are not
   *  what lies in its middle. */
  smooth: Place[];
  columns: Column[];
  /** Whether `points` is all that there is in the range, and how many there are. */
  whole: boolean; count: number;
  /** How many of them are NaN or infinite. */
  odd: number;
}
export type Along = "step" | "time" | "relative";

export function usePoints(runs: readonly Run[], key: string, steps: [number, number] | null, along: Along, enabled: boolean) {
  const ids = runs.map((run) => run.info.run_id);
  const live = runs.some((run) => run.info.status === "RUNNING");
  // A part is told by its steps, whatever it is drawn along.
  const axis = steps || along === "step" ? "step" : "time";
  return useQuery({
    queryKey: ["points", key, steps, axis, ids], meta: liveOn("runs"), enabled, placeholderData: keepPreviousData, refetchInterval: live ? 5000 : false,
    queryFn: ({ signal }) => metricColumns(ids, key, { along: axis, range: steps, columns: COLUMNS }, signal),
  });
}

/** Each run's points; seconds since its start for "relative". */
export function seriesOf(found: MetricColumns | undefined, runs: readonly Run[], along: Along, smoothing: number): Series[] {
  const byRun = new Map(found?.runs.map((one) => [one.run_id, one]));
  return runs.flatMap((run): Series[] => {
    const own = byRun.get(run.info.run_id);
    if (!found || !own) return [];
    const start = run.info.start_time ?? own.points[0]?.[1] ?? 0;
    const points = own.points.map(([step, timestamp, value]): Point => ({
      x: along === "step" ? step : along === "time" ? timestamp : (timestamp - start) / 1000, y: asNumber(value), step, timestamp,
    })).sort((a, b) => a.x - b.x || a.step - b.step);
    const columns = own.columns.map(([number, , mean, least, greatest]): Column => ({ number, mean, least, greatest }));
    const line = own.whole ? points : meansOf(points, columns, found);
    const values = smoothed(line.map((place) => place.y), smoothing / 100);
    return [{
      ...lookOf(run), points, columns, whole: own.whole, count: own.count, odd: own.odd,
      smooth: smoothing > 0 ? line.map((place, at) => ({ x: place.x, y: values[at] ?? place.y })) : points,
    }];
  });
}

const lookOf = (run: Run) => ({ run: run.info.run_id, name: runName(run), color: runColor(run.info.run_id, tagOf(run, COLOR)) });

/** The mean of each column, in the middle of the points that are drawn of it. */
function meansOf(points: readonly Point[], columns: readonly Column[], { along, first = 0, width = 1 }: MetricColumns): Place[] {
  const ends = new Map<number, [number, number]>();
  for (const point of points) {
    const number = Math.floor(((along === "step" ? point.step : point.timestamp) - first) / width);
    const known = ends.get(number);
    ends.set(number, known ? [Math.min(known[0], point.x), Math.max(known[1], point.x)] : [point.x, point.x]);
  }
  return columns.flatMap(({ number, mean }): Place[] => {
    const own = ends.get(number);
    return own ? [{ x: (own[0] + own[1]) / 2, y: mean }] : [];
  }).sort((a, b) => a.x - b.x);
}

/** What a run's table knows of a metric: its last value. */
export function lastSeries(runs: readonly Run[], lastOf: (run: Run) => Metric | undefined): Series[] {
  return runs.flatMap((run): Series[] => {
    const last = lastOf(run);
    if (!last) return [];
    const points = [{ x: last.step, y: asNumber(last.value), step: last.step, timestamp: last.timestamp }];
    return [{ ...lookOf(run), points, smooth: points, columns: [], whole: true, count: 1, odd: 0 }];
  });
}

/** The steps that lie between two places of the axis. */
export function stepsBetween(series: readonly Series[], along: Along, from: number, to: number): [number, number] | null {
  const steps: number[] = [];
  for (const one of series) {
    const inside = one.points.filter((point) => point.x >= from && point.x <= to).map((point) => point.step);
    steps.push(...inside);
    if (one.whole || one.points.length === 0) continue;
    // Between the points that are drawn are others.
    if (along === "step") {
      const low = Math.max(Math.ceil(from), one.points[0]?.step ?? 0);
      const high = Math.min(Math.floor(to), one.points.at(-1)?.step ?? 0);
      if (low <= high) steps.push(low, high);
    } else {
      const before = one.points.findLast((point) => point.x <= from);
      const behind = one.points.find((point) => point.x >= to);
      if (before && before.x < to && (behind ?? inside.length > 0)) steps.push(before.step);
      if (behind && behind.x > from && (before ?? inside.length > 0)) steps.push(behind.step);
    }
  }
  if (steps.length === 0) return null;
  return [Math.min(...steps), Math.max(...steps)];
}
