import type { ECharts } from "echarts/core";
import { useCallback, useMemo, useRef, useState, type PointerEvent } from "react";
import { Chart } from "../../parts/Chart";
import { Downloads } from "../../parts/Downloads";
import { count } from "../../parts/format";
import type { Run } from "../api/mlflow";
import { metricOf } from "../experiments/runValues";
import { pointsTable } from "./exportChart";
import type { Group } from "../experiments/grouping";
import { bandsOf } from "./bands";
import { bandOption, barOption, isFlat, lineOption } from "./options";
import { lastSeries, seriesOf, stepsBetween, usePoints, type Along } from "./series";
import { useNear } from "./useNear";

const HEIGHT = 250;

export interface MetricChartProps {
  metric: string;
  runs: readonly Run[];
  along: Along;
  log: boolean;
  smoothing: number;
  steps: [number, number] | null;
  /** Drawn as one line each, if there are any. */
  groups?: readonly Group[] | undefined;
  zoom: (range: [number, number] | null) => void;
}

/** One metric of some runs: lines if it was logged over steps, else bars. What is out of sight is not asked for. */
export function MetricChart({ metric, runs, along, log, smoothing, steps, groups, zoom }: MetricChartProps) {
  const card = useRef<HTMLElement>(null);
  const seen = useNear(card);
  const having = useMemo(() => runs.filter((run) => metricOf(run, metric)), [runs, metric]);
  const flat = isFlat(having, metric);
  const found = usePoints(having, metric, steps, along, seen && !flat);
  const series = useMemo(() => seriesOf(found.data, having, along, smoothing), [found.data, having, along, smoothing]);
  const option = useMemo(() => (flat ? barOption(having, metric) : groups && along === "step" ? bandOption(bandsOf(series, groups, found.data, smoothing), { along, log })
    : lineOption(series, { along, log, smoothing })), [flat, having, metric, series, groups, found.data, along, log, smoothing]);
  const odd = series.reduce((sum, one) => sum + one.odd, 0);
  const thinned = series.filter((one) => !one.whole);
  const below = log ? series.reduce((sum, one) => sum + one.points.filter((point) => point.y <= 0).length, 0) : 0;
  const words = `${metric} of ${having.length === 1 ? "one run" : `${having.length} runs`}${flat ? "" : ` along ${along === "step" ? "steps" : along === "time" ? "time" : "seconds since the start"}`}`;
  return (
    <figure className="panel chart-card" ref={card}>
      <figcaption>
        <b title={metric}><bdi>{metric}</bdi></b>
        <Downloads title={metric} host={card} data={() => pointsTable(flat ? lastSeries(having, (run) => metricOf(run, metric)) : series)} />
      </figcaption>
      {found.isError ? <p className="empty" role="alert">{found.error.message}</p>
        : !seen || (!flat && found.isPending) ? <div className="chart-wait" style={{ height: HEIGHT }} role="status" aria-label={`Loading ${metric}`} />
          : flat ? <Chart option={option} height={Math.max(120, Math.min(600, 40 + having.length * 26))} label={words} />
            : <Zoomable option={option} label={words} select={(from, to) => { const range = stepsBetween(series, along, from, to); if (range) zoom(range); }} reset={() => zoom(null)} />}
      {thinned.length > 0 && <p className="caption">{count(thinned.reduce((sum, one) => sum + one.points.length, 0))} of {count(thinned.reduce((sum, one) => sum + one.count, 0))} points are
        drawn, the smallest and the largest of every stretch among them. Drag over the chart for more.</p>}
      {odd > 0 && <p className="caption">{count(odd)} {odd === 1 ? "point is" : "points are"} NaN or infinite and not drawn.</p>}
      {below > 0 && <p className="caption">{below} {below === 1 ? "point is" : "points are"} not above zero: a log scale has no place for them.</p>}
    </figure>
  );
}

/** A chart over which one drags to look closer; a double click shows all again. */
function Zoomable({ option, label, select, reset }: { option: Record<string, unknown>; label: string; select: (from: number, to: number) => void; reset: () => void }) {
  const chart = useRef<ECharts | null>(null);
  const [band, setBand] = useState<[number, number] | null>(null);
  const made = useCallback((next: ECharts) => { chart.current = next; }, []);
  const at = (event: PointerEvent<HTMLElement>) => event.clientX - event.currentTarget.getBoundingClientRect().left;
  const end = () => {
    if (band && chart.current && Math.abs(band[1] - band[0]) > 6) {
      const [a, b] = band.map((pixel) => Number(chart.current?.convertFromPixel({ xAxisIndex: 0 }, pixel)));
      if (a !== undefined && b !== undefined && Number.isFinite(a) && Number.isFinite(b)) select(Math.min(a, b), Math.max(a, b));
    }
    setBand(null);
  };
  return (
    <div className="zoomable" onDoubleClick={reset} onPointerUp={end} onPointerLeave={() => setBand(null)}
      onPointerDown={(event) => { if (event.pointerType === "mouse" && event.button === 0) setBand([at(event), at(event)]); }}
      onPointerMove={(event) => { if (band) setBand([band[0], at(event)]); }}>
      <Chart option={option} height={HEIGHT} label={label} onMade={made} />
      {band && Math.abs(band[1] - band[0]) > 3 && <span className="band" style={{ left: Math.min(...band), width: Math.abs(band[1] - band[0]) }} />}
    </div>
  );
}
