import { contours } from "d3-contour";
import { CustomChart } from "echarts/charts";
import * as echarts from "echarts/core";
import { useMemo, useRef } from "react";
import { Chart } from "../../parts/Chart";
import { Downloads } from "../../parts/Downloads";
import { color, tip, tooltip, valueAxis } from "../../parts/chartOptions";
import { num, plural } from "../../parts/format";
import type { Run } from "../api/mlflow";
import { runName } from "../experiments/runValues";
import { valueOn } from "./axes";
import { AxisSelect } from "./AxisSelect";
import type { Axis } from "./options";
import { levelsOf, scaleOf, surfaceOf, type Place, type Scale, type Surface } from "./surface";

echarts.use([CustomChart]);

export interface ContourSettings { contourX: string; contourY: string; contourOf: string }
interface At extends Place { run: Run }

/** A metric over two numeric parameters: where in the space that was searched it is large. ECharts draws no contours; d3-contour
 *  finds their lines (marching squares), ECharts has the axes, the runs and their tips. */
export function ContourChart({ runs, axes, x, y, of, choose }: { runs: readonly Run[]; axes: readonly Axis[]; x: string; y: string; of: string; choose: (change: Partial<ContourSettings>) => void }) {
  const host = useRef<HTMLElement>(null);
  const params = useMemo(() => axes.filter((axis) => axis.id.startsWith("params.") && axis.numeric && axis.values.length > 1), [axes]);
  const metrics = useMemo(() => axes.filter((axis) => axis.id.startsWith("metrics.")), [axes]);
  const across = params.find((axis) => axis.id === x) ?? params.find((axis) => axis.id !== y);
  const up = params.find((axis) => axis.id === y && axis !== across) ?? params.find((axis) => axis !== across);
  const metric = metrics.find((axis) => axis.id === of) ?? metrics[0];
  const places = useMemo(() => (across && up && metric ? placesOf(runs, across, up, metric) : []), [runs, across, up, metric]);
  const surface = useMemo(() => surfaceOf(places), [places]);
  const levels = useMemo(() => (surface ? levelsOf(surface) : []), [surface]);
  const option = useMemo(() => (surface && across && up && metric ? contourOption(surface, levels, places, across, up, metric) : {}), [surface, levels, places, across, up, metric]);
  if (!across || !up || !metric) return null;
  const title = `${metric.title} over ${across.title} and ${up.title}`;
  return (
    <section className="panel" aria-label="Contours" ref={host}>
      <div className="axes">
        <h3>Contours</h3>
        <AxisSelect label="Metric" value={metric.id} axes={metrics} choose={(id) => choose({ contourOf: id })} />
        <AxisSelect label="Across" value={across.id} axes={params.filter((axis) => axis !== up)} choose={(id) => choose({ contourX: id })} />
        <AxisSelect label="Up" value={up.id} axes={params.filter((axis) => axis !== across)} choose={(id) => choose({ contourY: id })} />
        {surface && <Downloads title={title} host={host} data={() => ({ head: ["run_id", "run_name", across.title, up.title, metric.title], rows: places.map((at) => [at.run.info.run_id, runName(at.run), at.x, at.y, at.value]) })} />}
      </div>
      {!surface ? <p className="empty">Contours need runs at four different places at least, with several values of both parameters.</p> : (
        <>
          <Chart option={option} height={380} label={`${title} of ${places.length} runs, from ${num(levels[0], 4)} to ${num(Math.max(...places.map((at) => at.value)), 4)}`} />
          <p className="caption">The darker, the larger: {levels.map((level) => num(level, 4)).join(" · ")}. Between the runs (dots) the surface is weighted by distance, within what they
            measured; far from all of them it is blank.{places.length < runs.length && ` ${plural(runs.length - places.length, "run")} without all three.`}</p>
        </>
      )}
    </section>
  );
}

function placesOf(runs: readonly Run[], across: Axis, up: Axis, metric: Axis): At[] {
  return runs.flatMap((run): At[] => {
    const [x, y, value] = [valueOn(run, across), valueOn(run, up), valueOn(run, metric)];
    return typeof x === "number" && typeof y === "number" && typeof value === "number" && [x, y, value].every(Number.isFinite) ? [{ run, x, y, value }] : [];
  });
}

interface Api { coord: (place: [number, number]) => [number, number] }

function contourOption(surface: Surface, levels: readonly number[], places: readonly At[], across: Axis, up: Axis, metric: Axis) {
  const found = contours().size([surface.size, surface.size]).thresholds([...levels])(surface.values);
  // A pixel of d3-contour's grid is known at its middle.
  const pathOf = (level: number, api: Api) => (found[level]?.coordinates ?? []).flatMap((polygon) => polygon.map((ring) => `M${ring.map(([a = 0, b = 0]) =>
    api.coord([surface.xAt(a - 0.5), surface.yAt(b - 0.5)]).map((pixel) => pixel.toFixed(1)).join(",")).join("L")}Z`)).join("");
  const axis = (scale: Scale, at: (place: number) => number, title: string, more: object) => valueAxis(title, {
    ...(scale.log ? { type: "log" } : {}), min: at(0), max: at(surface.size - 1), splitLine: { show: false },
    axisLabel: { color: color("ink-2"), fontSize: 11, hideOverlap: true, showMinLabel: false, showMaxLabel: false, formatter: (v: number) => num(v) }, ...more,
  });
  return {
    grid: { left: 64, right: 20, top: 16, bottom: 48 },
    xAxis: axis(scaleOf(places.map((at) => at.x)), surface.xAt, across.title, { nameGap: 28 }),
    yAxis: axis(scaleOf(places.map((at) => at.y)), surface.yAt, up.title, { nameGap: 46 }),
    tooltip: tooltip({ trigger: "item", formatter: (item: { dataIndex: number }) => {
      const at = places[item.dataIndex];
      return at ? tip(runName(at.run), `${metric.title}: ${num(at.value, 5)}`, `${across.title}: ${num(at.x, 5)}`, `${up.title}: ${num(at.y, 5)}`) : "";
    } }),
    series: [
      {
        type: "custom", silent: true, clip: true, tooltip: { show: false }, data: levels.map((_, at) => at),
        // What is above a level lies over what is above the one before: shades add up.
        renderItem: ({ dataIndex }: { dataIndex: number }, api: Api) => ({
          type: "path", silent: true, shape: { pathData: pathOf(dataIndex, api) },
          style: { fill: color("known"), opacity: dataIndex === 0 ? 0.1 : 0.16, stroke: color("known"), lineWidth: 1 },
        }),
      },
      {
        type: "scatter", symbolSize: 9, data: places.map((at) => [at.x, at.y]),
        itemStyle: { color: color("surface"), borderColor: color("ink"), borderWidth: 1.5 },
      },
    ],
  };
}
