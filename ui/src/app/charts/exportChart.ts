import type { SavedTable } from "../../parts/save";
import type { Series } from "./series";

/** The points that are drawn. */
export const pointsTable = (series: readonly Series[]): SavedTable => ({
  head: ["run_id", "run_name", "step", "time", "value"],
  rows: series.flatMap((one) => one.points.map((point) => [one.run, one.name, point.step, new Date(point.timestamp).toISOString(), Number.isNaN(point.y) ? "NaN" : point.y])),
});
