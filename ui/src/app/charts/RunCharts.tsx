import { useMemo } from "react";
import type { Run } from "../api/mlflow";
import { axesOf } from "./axes";
import MetricCharts from "./MetricCharts";
import { ParallelChart } from "./ParallelChart";
import { ScatterChart } from "./ScatterChart";
import type { ChartSettings, ManyChartsSettings } from "./settings";

/** All charts of several runs: their metrics, and how parameters and metrics go together. */
export default function RunCharts({ runs, settings, change, axes: chosen, x, y }: {
  runs: readonly Run[]; settings: Partial<ChartSettings>; change: (settings: Partial<ManyChartsSettings>, how?: { replace?: boolean }) => void;
  axes: readonly string[]; x: string; y: string;
}) {
  const axes = useMemo(() => axesOf(runs), [runs]);
  const metrics = useMemo(() => [...new Set(runs.flatMap((run) => (run.data?.metrics ?? []).map((metric) => metric.key)))].sort((a, b) => a.localeCompare(b)), [runs]);
  return (
    <>
      <MetricCharts runs={runs} metrics={metrics} settings={settings} change={change} />
      {runs.length > 1 && axes.length > 1 && (
        <>
          <ParallelChart runs={runs} axes={axes} chosen={chosen} choose={(ids) => change({ axes: ids })} />
          <ScatterChart runs={runs} axes={axes} x={x} y={y} choose={change} />
        </>
      )}
    </>
  );
}
