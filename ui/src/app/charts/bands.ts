// Runs of a group as one line: the mean at each step, in a band from the smallest to the largest value.
import type { Group } from "../experiments/grouping";
import { runColor } from "../experiments/runValues";
import type { MetricColumns } from "../api/native";
import type { Series } from "./series";
import { quantile, smoothed } from "./statistics";

export interface BandPoint { x: number; mean: number; least: number; most: number; count: number }
export interface Band { name: string; color: string; runs: number; points: BandPoint[] }

/** Over the places of the axis at which several runs have points; of long series over the columns that all of them share.
 *  What is not finite does not count. `found` says where columns lie. */
export function bandsOf(series: readonly Series[], groups: readonly Group[], found: MetricColumns | undefined, smoothing: number): Band[] {
  const whole = series.every((one) => one.whole);
  return groups.flatMap((group): Band[] => {
    const ids = new Set(group.runs.map((run) => run.info.run_id));
    const members = series.filter((one) => ids.has(one.run));
    if (members.length === 0) return [];
    const points = whole ? overPlaces(members) : overColumns(members, found, smoothing);
    const name = group.value ?? "(none)";
    return [{ name, color: runColor(name), runs: members.length, points }];
  });
}

function overPlaces(members: readonly Series[]): BandPoint[] {
  const at = new Map<number, number[]>();
  for (const member of members) {
    for (const { x, y } of member.smooth) {
      if (!Number.isFinite(y)) continue;
      const values = at.get(x);
      if (values) values.push(y);
      else at.set(x, [y]);
    }
  }
  return [...at].sort(([a], [b]) => a - b).map(([x, values]) => bandPoint(x, values, values));
}

/** From the smallest to the largest point of all members, or of their smoothed lines. */
function overColumns(members: readonly Series[], found: MetricColumns | undefined, smoothing: number): BandPoint[] {
  const at = new Map<number, { means: number[]; ends: number[] }>();
  for (const member of members) {
    const means = smoothed(member.columns.map((column) => column.mean), smoothing / 100);
    member.columns.forEach((column, index) => {
      const mean = means[index] ?? column.mean;
      const known = at.get(column.number) ?? { means: [], ends: [] };
      known.means.push(mean);
      known.ends.push(...(smoothing > 0 ? [mean] : [column.least, column.greatest]));
      at.set(column.number, known);
    });
  }
  const { first = 0, width = 1 } = found ?? {};
  return [...at].sort(([a], [b]) => a - b).map(([number, { means, ends }]) => bandPoint(first + (number + 0.5) * width, means, ends));
}

const bandPoint = (x: number, values: readonly number[], ends: readonly number[]): BandPoint => ({
  x, mean: values.reduce((sum, value) => sum + value, 0) / values.length, least: Math.min(...ends), most: Math.max(...ends), count: values.length,
});

export interface Box { name: string; runs: number; five: [number, number, number, number, number] }

/** Smallest, quartiles and largest of each group. */
export function boxesOf(groups: readonly { value: string | null; values: readonly number[] }[]): Box[] {
  return groups.flatMap(({ value, values }): Box[] => {
    const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
    if (sorted.length === 0) return [];
    const name = value ?? "(none)";
    return [{ name, runs: sorted.length, five: [0, 0.25, 0.5, 0.75, 1].map((p) => quantile(sorted, p)) as Box["five"] }];
  });
}
