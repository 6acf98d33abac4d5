import { useMemo } from "react";
import type { Run } from "../api/mlflow";
import { groupRuns } from "../experiments/grouping";
import { asList, asText } from "../search";
import { axesOf } from "./axes";
import { BoxChart } from "./BoxChart";
import MetricCharts from "./MetricCharts";
import { ContourChart } from "./ContourChart";
import { ParallelChart } from "./ParallelChart";
import { ScatterChart } from "./ScatterChart";
import type { ManyChartsSettings } from "./settings";
import { WhenNear } from "./WhenNear";

/** All charts of several runs: their metrics, and how parameters and metrics go together. */
export default function RunCharts({ runs, group, settings, change }: {
  /** The column by which runs are drawn together; "": each by itself. */
  runs: readonly Run[]; group: string; settings: Partial<ManyChartsSettings>; change: (settings: Partial<ManyChartsSettings>, how?: { replace?: boolean }) => void;
}) {
  const axes = useMemo(() => axesOf(runs), [runs]);
  const groups = useMemo(() => (group ? groupRuns(runs, group) : undefined), [runs, group]);
  const metrics = useMemo(() => [...new Set(runs.flatMap((run) => (run.data?.metrics ?? []).map((metric) => metric.key)))].sort((a, b) => a.localeCompare(b)), [runs]);
  return (
    <>
      <MetricCharts runs={runs} metrics={metrics} groups={groups} settings={settings} change={change} />
      {runs.length > 1 && axes.length > 1 && (
        <>
          <WhenNear label="Parallel coordinates" height={390}>{() => <ParallelChart runs={runs} axes={axes} chosen={asList(settings.axes)} choose={(ids) => change({ axes: ids })} />}</WhenNear>
          <WhenNear label="Scatter" height={390}>{() => <ScatterChart runs={runs} axes={axes} x={asText(settings.scatterX)} y={asText(settings.scatterY)} choose={change} />}</WhenNear>
          {runs.length > 3 && <WhenNear label="Contours" height={450}>{() => <ContourChart runs={runs} axes={axes} x={asText(settings.contourX)} y={asText(settings.contourY)} of={asText(settings.contourOf)} choose={change} />}</WhenNear>}
          {runs.length > 2 && <WhenNear label="Boxes" height={370}>{() => <BoxChart runs={runs} axes={axes} by={asText(settings.boxBy)} of={asText(settings.boxOf)} choose={change} />}</WhenNear>}
        </>
      )}
    </>
  );
}
