// Runs of a group as one line: the mean at each step, in a band from the smallest to the largest value.
import type { Group } from "../experiments/grouping";
import { runColor } from "../experiments/runValues";
import type { Series } from "./series";
import { quantile } from "./statistics";

export interface BandPoint { x: number; mean: number; least: number; most: number; count: number }
export interface Band { name: string; color: string; runs: number; points: BandPoint[] }

/** Over the places of the axis at which several runs have points. What is not finite does not count. */
export function bandsOf(series: readonly Series[], groups: readonly Group[]): Band[] {
  return groups.flatMap((group): Band[] => {
    const ids = new Set(group.runs.map((run) => run.info.run_id));
    const members = series.filter((one) => ids.has(one.run));
    if (members.length === 0) return [];
    const at = new Map<number, number[]>();
    for (const member of members) {
      member.points.forEach((point, index) => {
        const value = member.smooth[index] ?? point.y;
        if (!Number.isFinite(value)) return;
        const values = at.get(point.x);
        if (values) values.push(value);
        else at.set(point.x, [value]);
      });
    }
    const points = [...at].sort(([a], [b]) => a - b).map(([x, values]): BandPoint => ({
      x, mean: values.reduce((sum, value) => sum + value, 0) / values.length, least: Math.min(...values), most: Math.max(...values), count: values.length,
    }));
    const name = group.value ?? "(none)";
    return [{ name, color: runColor(name), runs: members.length, points }];
  });
}

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
