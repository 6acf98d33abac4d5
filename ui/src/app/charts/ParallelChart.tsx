import { ParallelChart as Lines } from "echarts/charts";
import { ParallelComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { useMemo, useRef } from "react";
import { Chart } from "../../parts/Chart";
import { Downloads } from "../../parts/Downloads";
import { Icon } from "../../parts/Icon";
import { Popover } from "../../parts/Popover";
import type { Run } from "../api/mlflow";
import { runName } from "../experiments/runValues";
import { valueOn } from "./axes";
import { parallelOption, type Axis } from "./options";

echarts.use([Lines, ParallelComponent]);
const USUAL = 3;

/** Runs as lines over parallel axes; dragging along an axis keeps the runs that pass there. */
export function ParallelChart({ runs, axes, chosen, choose }: { runs: readonly Run[]; axes: readonly Axis[]; chosen: readonly string[]; choose: (ids: string[] | undefined) => void }) {
  const host = useRef<HTMLElement>(null);
  const shown = useMemo(() => {
    const usual = [...axes.filter((axis) => axis.id.startsWith("params.")).slice(0, USUAL), ...axes.filter((axis) => axis.id.startsWith("metrics.")).slice(0, USUAL)];
    const asked = chosen.flatMap((id) => axes.find((axis) => axis.id === id) ?? []);
    return asked.length > 1 ? asked : usual;
  }, [axes, chosen]);
  const option = useMemo(() => parallelOption(runs, shown, valueOn), [runs, shown]);
  const ids = shown.map((axis) => axis.id);
  return (
    <section className="panel" aria-label="Parallel coordinates" ref={host}>
      <div className="axes">
        <h3>Parallel coordinates</h3>
        <Popover button={<><Icon name="columns" /> Axes</>}>
          {() => axes.slice(0, 200).map((axis) => (
            <label key={axis.id} className="tick-label">
              <input type="checkbox" checked={ids.includes(axis.id)} onChange={() => choose(ids.includes(axis.id) ? ids.filter((id) => id !== axis.id) : [...ids, axis.id])} /> <bdi>{axis.title}</bdi>
            </label>
          ))}
        </Popover>
        <Downloads title="parallel coordinates" host={host} data={() => ({ head: ["run_id", "run_name", ...ids], rows: runs.map((run) => [run.info.run_id, runName(run), ...shown.map((axis) => valueOn(run, axis) ?? "")]) })} />
      </div>
      {shown.length < 2 ? <p className="empty">There have to be two quantities at least.</p>
        : <div className="scroll" role="region" aria-label="Parallel coordinates" tabIndex={0}><div style={{ minWidth: shown.length * 110 }}>
          <Chart option={option} height={340} label={`${runs.length} runs over ${shown.map((axis) => axis.title).join(", ")}`} /></div></div>}
    </section>
  );
}
