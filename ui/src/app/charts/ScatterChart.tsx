import { useMemo, useRef } from "react";
import { Chart } from "../../parts/Chart";
import { Downloads } from "../../parts/Downloads";
import { plural } from "../../parts/format";
import type { Run } from "../api/mlflow";
import { runName } from "../experiments/runValues";
import { valueOn } from "./axes";
import { AxisSelect } from "./AxisSelect";
import { scatterOption, type Axis } from "./options";

/** One quantity of runs over another. */
export function ScatterChart({ runs, axes, x, y, choose }: { runs: readonly Run[]; axes: readonly Axis[]; x: string; y: string; choose: (change: { scatterX?: string; scatterY?: string }) => void }) {
  const host = useRef<HTMLElement>(null);
  const metrics = axes.filter((axis) => axis.id.startsWith("metrics."));
  const across = axes.find((axis) => axis.id === x) ?? axes[0];
  const up = axes.find((axis) => axis.id === y) ?? metrics.find((axis) => axis !== across) ?? axes[1];
  const points = useMemo(() => (across && up ? runs.flatMap((run) => {
    const [a, b] = [valueOn(run, across), valueOn(run, up)];
    return a === null || b === null ? [] : [{ run, x: a, y: b }];
  }) : []), [runs, across, up]);
  const option = useMemo(() => (across && up ? scatterOption(points, across, up) : {}), [points, across, up]);
  if (!across || !up) return null;
  const title = `${up.title} over ${across.title}`;
  return (
    <section className="panel" aria-label="Scatter" ref={host}>
      <div className="axes">
        <h3>Scatter</h3>
        <AxisSelect label="Across" value={across.id} axes={axes} choose={(id) => choose({ scatterX: id })} />
        <AxisSelect label="Up" value={up.id} axes={axes} choose={(id) => choose({ scatterY: id })} />
        <Downloads title={title} host={host} data={() => ({ head: ["run_id", "run_name", across.id, up.id], rows: points.map((point) => [point.run.info.run_id, runName(point.run), point.x, point.y]) })} />
      </div>
      {points.length === 0 ? <p className="empty">No run has both.</p>
        : <Chart option={option} height={340} label={`${title} of ${points.length} runs`} />}
      {points.length > 0 && points.length < runs.length && <p className="caption">{plural(runs.length - points.length, "run")} without both, or with what cannot be drawn.</p>}
    </section>
  );
}
