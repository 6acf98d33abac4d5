// ECharts' options for runs: lines, bars, points, parallel axes.
import { categoryAxis, color, tip, tooltip, valueAxis } from "../../parts/chartOptions";
import { num } from "../../parts/format";
import { momentText } from "../../parts/Moment";
import type { Run } from "../api/mlflow";
import { asNumber, COLOR, metricOf, runColor, runName, tagOf, valueText } from "../experiments/runValues";
import type { Band } from "./bands";
import type { Along, Series } from "./series";

const TIP_LINES = 12;
const plane = { left: 56, right: 16, top: 12, bottom: 40 };

/** Whether a metric has one value per run: nothing was logged after its first step. */
export function isFlat(runs: readonly Run[], metric: string): boolean {
  return runs.every((run) => (metricOf(run, metric)?.step ?? 0) === 0);
}

const AXIS: Record<Along, string> = { step: "step", time: "", relative: "seconds" };

/** A place of a time axis in the zone of the page: the day at midnight, else the time. ECharts' own labels are of several sizes. */
function timeLabel(ms: number): string {
  const [day = "", time = ""] = momentText(ms).split(" ");
  return time.startsWith("00:00:00") ? day.slice(5) : time.replace(/:00$/, "");
}

export function lineOption(series: readonly Series[], how: { along: Along; log: boolean; smoothing: number }) {
  const shown = (y: number) => (Number.isFinite(y) && !(how.log && y <= 0) ? y : null);
  const lines = series.map((one) => line(one.name, one.color, one.smooth.map((point) => [point.x, shown(point.y)]), 1));
  const raw = how.smoothing > 0 ? series.map((one) => ({ ...line("", one.color, one.points.map((point) => [point.x, shown(point.y)]), 0.25), silent: true })) : [];
  return {
    grid: plane,
    xAxis: how.along === "time"
      ? { ...valueAxis(""), type: "time", splitNumber: 4, axisLabel: { color: color("ink-2"), fontSize: 11, hideOverlap: true, fontFamily: "sans-serif", formatter: timeLabel } }
      : valueAxis(AXIS[how.along], { scale: true, nameGap: 24 }),
    yAxis: { ...valueAxis("", { scale: true }), ...(how.log ? { type: "log" } : {}) },
    tooltip: tooltip({ trigger: "axis", axisPointer: { lineStyle: { color: color("line-strong") } }, formatter: (items: TipItem[]) => lineTip(items, how.along) }),
    series: [...raw, ...lines],
  };
}

function line(name: string, stroke: string, data: (number | null)[][], opacity: number) {
  return {
    type: "line", name, data, symbol: data.length < 40 ? "circle" : "none", symbolSize: 4, showSymbol: data.length < 40, connectNulls: false,
    lineStyle: { color: stroke, width: 1.8, opacity }, itemStyle: { color: stroke, opacity }, emphasis: { disabled: true },
  };
}

interface TipItem { seriesName?: string; axisValue?: number; data?: [number, number | null] }

function lineTip(items: TipItem[], along: Along): string {
  const found = items.filter((item) => item.seriesName && item.data && item.data[1] !== null);
  if (found.length === 0) return "";
  const x = found[0]?.axisValue ?? 0;
  const head = along === "time" ? momentText(x) : along === "relative" ? `${num(x, 4)} s` : `step ${num(x, 9)}`;
  const rows = found.sort((a, b) => (b.data?.[1] ?? 0) - (a.data?.[1] ?? 0)).slice(0, TIP_LINES).map((item) => `${(item.seriesName ?? "").slice(0, 40)}: ${num(item.data?.[1], 5)}`);
  return tip(head, ...rows, ...(found.length > TIP_LINES ? [`and ${found.length - TIP_LINES} more`] : []));
}

export function barOption(runs: readonly Run[], metric: string) {
  const names = runs.map((run) => runName(run).slice(0, 40));
  return {
    grid: { left: 8, right: 60, top: 6, bottom: 24, containLabel: true },
    yAxis: categoryAxis(names, { inverse: true, axisLabel: { color: color("ink"), fontSize: 11, width: 130, overflow: "truncate" } }),
    xAxis: valueAxis("", { splitNumber: 4 }),
    tooltip: tooltip({ trigger: "item", formatter: (item: { dataIndex: number }) => tip(names[item.dataIndex] ?? "", valueText(metricOf(runs[item.dataIndex] as Run, metric)?.value, 6)) }),
    series: [{
      type: "bar", barMaxWidth: 18,
      label: { show: true, position: "right", color: color("ink"), fontSize: 11, formatter: (item: { dataIndex: number }) => valueText(metricOf(runs[item.dataIndex] as Run, metric)?.value) },
      data: runs.map((run) => {
        const value = asNumber(metricOf(run, metric)?.value);
        return { value: Number.isFinite(value) ? value : 0, itemStyle: { color: runColor(run.info.run_id, tagOf(run, COLOR)) } };
      }),
    }],
  };
}

/** Groups of runs: the mean of each as a line, the rest of it as a band. A log scale has no place for bands, which are
 *  stacked. */
export function bandOption(bands: readonly Band[], how: { along: Along; log: boolean }) {
  const shown = (y: number) => (how.log && y <= 0 ? null : y);
  const under = (one: Band, at: number) => {
    const common = { type: "line", name: "", symbol: "none", silent: true, stack: `band ${at}`, stackStrategy: "all", lineStyle: { opacity: 0 }, emphasis: { disabled: true } };
    return [
      { ...common, data: one.points.map((point) => [point.x, point.least]) },
      { ...common, data: one.points.map((point) => [point.x, point.most - point.least]), areaStyle: { color: one.color, opacity: 0.18 } },
    ];
  };
  return {
    ...lineOption([], { ...how, smoothing: 0 }),
    series: [...(how.log ? [] : bands.flatMap(under)),
      ...bands.map((one) => line(`${one.name} (mean of ${one.runs})`, one.color, one.points.map((point) => [point.x, shown(point.mean)]), 1))],
  };
}

/** A quantity of runs: "metrics.auc", "params.depth". */
export interface Axis { id: string; title: string; numeric: boolean; values: readonly string[] }

export function parallelOption(runs: readonly Run[], axes: readonly Axis[], valueOf: (run: Run, axis: Axis) => number | string | null) {
  return {
    parallel: { left: 50, right: 70, top: 46, bottom: 24, parallelAxisDefault: {
      nameLocation: "end", nameGap: 16, nameTextStyle: { color: color("ink"), fontSize: 12 }, nameTruncate: { maxWidth: 120 },
      axisLine: { lineStyle: { color: color("line-strong") } }, axisTick: { show: false }, areaSelectStyle: { color: "#0b62ad", opacity: 0.25, borderColor: "#0b62ad" },
    } },
    parallelAxis: axes.map((axis, dim) => ({
      dim, name: axis.title, type: axis.numeric ? "value" : "category", scale: true, ...(axis.numeric ? {} : { data: axis.values }),
      axisLabel: { color: color("ink-2"), fontSize: 11, ...(axis.numeric ? { formatter: (value: number) => num(value) } : { width: 90, overflow: "truncate" }) },
    })),
    series: [{
      type: "parallel", smooth: 0.1, inactiveOpacity: 0.06, activeOpacity: 1, emphasis: { disabled: true },
      data: runs.map((run) => ({
        name: runName(run), value: axes.map((axis) => valueOf(run, axis) ?? "-"),
        lineStyle: { color: runColor(run.info.run_id, tagOf(run, COLOR)), width: 1.8, opacity: 0.85 },
      })),
    }],
  };
}

export function scatterOption(points: readonly { run: Run; x: number | string; y: number | string }[], x: Axis, y: Axis) {
  const axis = (one: Axis, more: object) => (one.numeric ? valueAxis(one.title, { scale: true, ...more }) : { ...categoryAxis(one.values), name: one.title, nameLocation: "middle", nameTextStyle: { color: color("ink-2"), fontSize: 12 }, ...more });
  return {
    grid: { left: 64, right: 20, top: 16, bottom: 48 },
    xAxis: axis(x, { nameGap: 28 }), yAxis: axis(y, { nameGap: 46 }),
    tooltip: tooltip({ trigger: "item", formatter: (item: { dataIndex: number }) => {
      const point = points[item.dataIndex];
      return point ? tip(runName(point.run), `${x.title}: ${shownValue(point.x)}`, `${y.title}: ${shownValue(point.y)}`) : "";
    } }),
    series: [{
      type: "scatter", symbolSize: 11,
      data: points.map((point) => ({ value: [point.x, point.y], itemStyle: { color: runColor(point.run.info.run_id, tagOf(point.run, COLOR)), opacity: 0.85 } })),
    }],
  };
}

const shownValue = (value: number | string) => (typeof value === "number" ? num(value, 5) : value.slice(0, 80));
