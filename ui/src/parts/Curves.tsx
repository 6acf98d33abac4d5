import { useMemo } from "react";
import type { Evaluate } from "./document";
import { Chart } from "./Chart";
import { color, diagonal, plane, tip, tooltip, unitAxis, valueAxis } from "./chartOptions";
import { count, known, metric, num, percent } from "./format";
import type { SavedTable } from "./save";

const curve = { type: "line", symbol: "circle", symbolSize: 3, showSymbol: false, lineStyle: { color: color("known"), width: 2.5 },
  itemStyle: { color: color("known") }, emphasis: { disabled: true } };

function chosen(x: number | undefined, y: number | undefined) {
  return { type: "scatter", data: known(x) && known(y) ? [[x, y]] : [], symbolSize: 12, emphasis: { disabled: true },
    itemStyle: { color: color("surface"), borderColor: color("known"), borderWidth: 3 },
    tooltip: { formatter: () => tip("the threshold in use") } };
}

function atThreshold(evaluate: Evaluate) {
  const value = evaluate.threshold;
  if (!known(value) || !evaluate.metrics) return undefined;
  return { recall: evaluate.metrics.recall?.value ?? undefined, precision: evaluate.metrics.precision?.value ?? undefined,
    specificity: evaluate.metrics.specificity?.value ?? undefined };
}

/** Found against falsely alarmed, at every threshold. */
export function RocCurve({ evaluate }: { evaluate: Evaluate }) {
  const option = useMemo(() => {
    const here = atThreshold(evaluate);
    return {
      grid: plane, tooltip: tooltip({ trigger: "item" }),
      xAxis: unitAxis("false alarms among negatives (1 − specificity)"), yAxis: unitAxis("found among positives (recall)", { nameGap: 34 }),
      series: [diagonal("chance"), { ...curve, data: evaluate.roc },
        chosen(known(here?.specificity) ? 1 - here.specificity : undefined, here?.recall)],
    };
  }, [evaluate]);
  return <Chart option={option} height={300} label={`ROC curve with an area of ${metric(evaluate.metrics?.roc_auc?.value)}`}
    save={{ title: "ROC curve", data: () => ({ head: ["false alarms", "recall"], rows: evaluate.roc ?? [] }) }} />;
}

/** How many alarms are right, the more are found. */
export function PrCurve({ evaluate, prevalence }: { evaluate: Evaluate; prevalence?: number }) {
  const option = useMemo(() => {
    const here = atThreshold(evaluate);
    return {
      grid: plane, tooltip: tooltip(),
      xAxis: unitAxis("found among positives (recall)"), yAxis: unitAxis("right among alarms (precision)", { nameGap: 34 }),
      series: [
        { ...curve, data: evaluate.pr, markLine: known(prevalence) ? { silent: true, symbol: "none",
          lineStyle: { color: color("line-strong"), type: "dashed" }, label: { show: true, position: "insideStartBottom",
            formatter: "chance", color: color("ink-2"), fontSize: 11 }, data: [{ yAxis: prevalence }] } : undefined },
        chosen(here?.recall, here?.precision),
      ],
    };
  }, [evaluate, prevalence]);
  return <Chart option={option} height={300} label="Precision against recall"
    save={{ title: "precision against recall", data: () => ({ head: ["recall", "precision"], rows: evaluate.pr ?? [] }) }} />;
}

/** Said against seen: the score of a group of rows and the rate of positives among them. */
export function Calibration({ evaluate }: { evaluate: Evaluate }) {
  const option = useMemo(() => {
    const bins = evaluate.calibration ?? [];
    const most = Math.max(1, ...bins.map((b) => b.count ?? 1));
    return {
      grid: plane, tooltip: tooltip(),
      xAxis: unitAxis("score that was given"), yAxis: unitAxis("rate that was seen", { nameGap: 34 }),
      series: [diagonal("perfect"), {
        ...curve, showSymbol: true, symbolSize: (_: unknown, p: { data: { count: number } }) => 6 + 12 * Math.sqrt(p.data.count / most),
        data: bins.map((b) => ({ value: [b.score, b.rate], count: b.count ?? 1 })),
        tooltip: { formatter: (p: { data: { value: [number, number]; count: number } }) =>
          tip(`${count(p.data.count)} rows`, `scored ${percent(p.data.value[0])} on average`, `${percent(p.data.value[1])} were positive`) },
      }],
    };
  }, [evaluate]);
  return <Chart option={option} height={300} label={`Calibration over ${evaluate.calibration?.length ?? 0} groups of scores`}
    save={{ title: "calibration", data: () => ({ head: ["score", "rate", "rows"], rows: (evaluate.calibration ?? []).map((bin) => [bin.score, bin.rate, bin.count]) }) }} />;
}

/** The scores of each class; the further apart, the better the model tells them. */
export function ScoreHistogram({ evaluate }: { evaluate: Evaluate }) {
  const option = useMemo(() => {
    const { edges = [], by_class: classes = [] } = evaluate.score_histogram ?? {};
    const isPositive = (label: string) => label === evaluate.positive;
    const ordered = [...classes].sort((a, b) => Number(isPositive(b.label)) - Number(isPositive(a.label)));
    return {
      grid: plane, tooltip: tooltip({ trigger: "axis", axisPointer: { type: "none" }, formatter: (ps: { dataIndex: number }[]) => {
        const at = ps[0]?.dataIndex ?? 0;
        return tip(`score ${num(edges[at])} to ${num(edges[at + 1])}`, ...ordered.map((c) => `class ${c.label}: ${count(c.counts[at])}`));
      } }),
      // Bars stand on a hidden axis of bins; the visible one carries the scores and the threshold.
      xAxis: [{ type: "category", show: false, data: edges.slice(0, -1).map(String) },
        valueAxis("score", { position: "bottom", min: edges[0], max: edges[edges.length - 1], splitLine: { show: false } })],
      yAxis: valueAxis("rows", { minInterval: 1, nameGap: 30 }),
      series: [...ordered.map((c) => ({
        type: "bar", name: c.label, stack: "rows", barCategoryGap: "12%", xAxisIndex: 0, emphasis: { disabled: true }, data: c.counts,
        itemStyle: { color: color(isPositive(c.label) ? "positive" : "negative") },
      })), {
        type: "line", xAxisIndex: 1, data: [], silent: true, markLine: known(evaluate.threshold) ? { silent: true, symbol: "none",
          lineStyle: { color: color("ink"), width: 1.5 }, label: { formatter: "threshold", color: color("ink"), fontSize: 11 },
          data: [{ xAxis: evaluate.threshold }] } : undefined,
      }],
    };
  }, [evaluate]);
  return <Chart option={{ ...option, grid: { ...plane, top: 28 } }} height={300} label="Scores by class" save={{ title: "scores by class", data: () => scoresOf(evaluate) }} />;
}

function scoresOf(evaluate: Evaluate): SavedTable {
  const { edges = [], by_class: classes = [] } = evaluate.score_histogram ?? {};
  return { head: ["from", "to", ...classes.map((c) => c.label)], rows: edges.slice(1).map((to, at) => [edges[at], to, ...classes.map((c) => c.counts[at])]) };
}

/** The span in round steps, so that both axes begin and end at a tick. */
function roundSpan(low: number, high: number): [number, number] {
  const rough = (high - low || Math.abs(high) || 1) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((s) => s >= rough) ?? rough;
  return [Math.floor(low / step) * step, Math.ceil(high / step) * step];
}

/** Regression: predicted against actual; on the line is right. */
export function Residuals({ pairs }: { pairs: readonly number[][] }) {
  const option = useMemo(() => {
    const all = pairs.flat().filter(known);
    const span = roundSpan(Math.min(...all), Math.max(...all));
    const axis = (name: string, gap: number) => valueAxis(name, { min: span[0], max: span[1], nameGap: gap });
    return {
      grid: { ...plane, left: 60 }, tooltip: tooltip(), xAxis: axis("predicted", 28), yAxis: axis("actual", 46),
      series: [{ ...diagonal("right"), data: [[span[0], span[0]], [span[1], span[1]]] }, {
        type: "scatter", data: pairs, symbolSize: 7, itemStyle: { color: color("known"), opacity: 0.6 }, emphasis: { disabled: true },
        tooltip: { formatter: (p: { data: number[] }) => tip(`predicted ${num(p.data[0])}`, `actual ${num(p.data[1])}`) },
      }],
    };
  }, [pairs]);
  return <Chart option={option} height={360} label={`Predicted against actual value of ${pairs.length} rows`}
    save={{ title: "predicted against actual", data: () => ({ head: ["predicted", "actual"], rows: pairs }) }} />;
}
