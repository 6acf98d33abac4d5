import { useMemo } from "react";
import { Chart } from "../../parts/Chart";
import type { Run } from "../api/mlflow";
import { valueOn } from "./axes";
import { scatterOption, type Axis } from "./options";

/** One quantity of runs over another. */
export function ScatterChart({ runs, axes, x, y, choose }: { runs: readonly Run[]; axes: readonly Axis[]; x: string; y: string; choose: (change: { scatterX?: string; scatterY?: string }) => void }) {
  const metrics = axes.filter((axis) => axis.id.startsWith("metrics."));
  const across = axes.find((axis) => axis.id === x) ?? axes[0];
  const up = axes.find((axis) => axis.id === y) ?? metrics.find((axis) => axis !== across) ?? axes[1];
  const points = useMemo(() => (across && up ? runs.flatMap((run) => {
    const [a, b] = [valueOn(run, across), valueOn(run, up)];
    return a === null || b === null ? [] : [{ run, x: a, y: b }];
  }) : []), [runs, across, up]);
  const option = useMemo(() => (across && up ? scatterOption(points, across, up) : {}), [points, across, up]);
  if (!across || !up) return null;
  const select = (label: string, value: string, set: (id: string) => void) => (
    <label className="labelled">{label}
      <select className="field" value={value} onChange={(event) => set(event.target.value)}>
        {axes.slice(0, 500).map((axis) => <option key={axis.id} value={axis.id}>{axis.id}</option>)}
      </select>
    </label>
  );
  return (
    <section className="panel" aria-label="Scatter">
      <div className="axes">
        <h3>Scatter</h3>
        {select("Across", across.id, (id) => choose({ scatterX: id }))}
        {select("Up", up.id, (id) => choose({ scatterY: id }))}
      </div>
      {points.length === 0 ? <p className="empty">No run has both.</p>
        : <Chart option={option} height={340} label={`${up.title} over ${across.title} of ${points.length} runs`} />}
      {points.length > 0 && points.length < runs.length && <p className="caption">{runs.length - points.length} of the runs do not have both as something that can be drawn.</p>}
    </section>
  );
}
