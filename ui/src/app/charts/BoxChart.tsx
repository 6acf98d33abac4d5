import { BoxplotChart } from "echarts/charts";
import * as echarts from "echarts/core";
import { useMemo, useRef } from "react";
import { Chart } from "../../parts/Chart";
import { Downloads } from "../../parts/Downloads";
import { categoryAxis, tip, tooltip, valueAxis } from "../../parts/chartOptions";
import { num } from "../../parts/format";
import type { Run } from "../api/mlflow";
import { groupRuns } from "../experiments/grouping";
import { valueOn } from "./axes";
import { AxisSelect } from "./AxisSelect";
import { boxesOf, type Box } from "./bands";
import type { Axis } from "./options";

echarts.use([BoxplotChart]);

/** How a metric is spread over the runs that share a parameter's value. */
export function BoxChart({ runs, axes, by, of, choose }: { runs: readonly Run[]; axes: readonly Axis[]; by: string; of: string; choose: (change: { boxBy?: string; boxOf?: string }) => void }) {
  const host = useRef<HTMLElement>(null);
  const params = axes.filter((axis) => axis.id.startsWith("params."));
  const metrics = axes.filter((axis) => axis.id.startsWith("metrics."));
  // What has several runs for a value says more than a seed that each run has for itself.
  const usual = useMemo(() => params.find((axis) => axis.values.length > 1 && axis.values.length <= runs.length / 2) ?? params[0], [params, runs.length]);
  const group = params.find((axis) => axis.id === by) ?? usual;
  const metric = metrics.find((axis) => axis.id === of) ?? metrics[0];
  const boxes = useMemo(() => (group && metric ? boxesOf(groupRuns(runs, group.id).map((one) => ({
    value: one.value, values: one.runs.map((run) => Number(valueOn(run, metric) ?? Number.NaN)),
  }))) : []), [runs, group, metric]);
  const option = useMemo(() => (group && metric ? boxOption(boxes, group.title, metric.title) : {}), [boxes, group, metric]);
  if (!group || !metric) return null;
  const title = `${metric.title} by ${group.title}`;
  return (
    <section className="panel" aria-label="Boxes" ref={host}>
      <div className="axes">
        <h3>Boxes</h3>
        <AxisSelect label="Metric" value={metric.id} axes={metrics} choose={(id) => choose({ boxOf: id })} />
        <AxisSelect label="By" value={group.id} axes={params} choose={(id) => choose({ boxBy: id })} />
        <Downloads title={title} host={host} data={() => ({ head: [group.title, "runs", "smallest", "lower quartile", "median", "upper quartile", "largest"], rows: boxes.map((box) => [box.name, box.runs, ...box.five]) })} />
      </div>
      {boxes.length === 0 ? <p className="empty">No run has both.</p>
        : <Chart option={option} height={320} label={`${title}: ${boxes.map((box) => `${box.name} ${num(box.five[2], 3)}`).join(", ").slice(0, 400)}`} />}
    </section>
  );
}

function boxOption(boxes: readonly Box[], group: string, metric: string) {
  return {
    grid: { left: 64, right: 20, top: 16, bottom: 48 },
    xAxis: categoryAxis(boxes.map((box) => box.name.slice(0, 40)), { name: group, nameLocation: "middle", nameGap: 28, nameTextStyle: { color: "var(--ink-2)", fontSize: 12 } }),
    yAxis: valueAxis(metric, { scale: true, nameGap: 46 }),
    tooltip: tooltip({ trigger: "item", formatter: (item: { dataIndex: number }) => {
      const box = boxes[item.dataIndex];
      return box ? tip(`${box.name.slice(0, 80)} (${box.runs} ${box.runs === 1 ? "run" : "runs"})`, ...["largest", "upper quartile", "median", "lower quartile", "smallest"]
        .map((word, at) => `${word} ${num(box.five[4 - at], 4)}`)) : "";
    } }),
    series: [{ type: "boxplot", boxWidth: [10, 60], data: boxes.map((box) => ({ value: box.five, itemStyle: { color: "var(--raised)", borderColor: "var(--known)", borderWidth: 2 } })) }],
  };
}
