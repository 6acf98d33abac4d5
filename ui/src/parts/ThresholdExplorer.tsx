import { useId, useMemo, useState } from "react";
import type { Evaluate, ThresholdRow } from "./document";
import { Chart } from "./Chart";
import { color, plane, tooltip, unitAxis } from "./chartOptions";
import { DataTable } from "./DataTable";
import { count, known, metric, num, percent } from "./format";
import { Fold, Legend } from "./Layout";

function nearest(rows: readonly ThresholdRow[], threshold: number): number {
  return rows.reduce((best, row, at) =>
    Math.abs(row.threshold - threshold) < Math.abs((rows[best]?.threshold ?? Infinity) - threshold) ? at : best, 0);
}

/** Move the threshold and see what it would have meant for the rows of the hold-out. */
export function ThresholdExplorer({ evaluate, positives, negatives }: {
  evaluate: Evaluate; positives: Maybe; negatives: Maybe;
}) {
  const rows = useMemo(() => [...(evaluate.thresholds ?? [])].sort((a, b) => a.threshold - b.threshold), [evaluate]);
  const inUse = nearest(rows, evaluate.threshold ?? 0.5);
  const [at, setAt] = useState(inUse);
  const id = useId();
  const row = rows[at] ?? rows[0];
  if (!row) return null;
  return (
    <div className="explorer">
      <div className="explorer-control">
        <label htmlFor={id}>Call it positive from a score of <output htmlFor={id}>{num(row.threshold, 2)}</output></label>
        <input id={id} type="range" min={0} max={rows.length - 1} step={1} value={at} aria-valuetext={`threshold ${num(row.threshold, 2)}`}
          onChange={(e) => setAt(Number(e.target.value))} />
        <button type="button" className="quiet" disabled={at === inUse} onClick={() => setAt(inUse)}>
          back to the one in use ({num(evaluate.threshold ?? row.threshold, 2)})
        </button>
      </div>
      <div className="explorer-body">
        <Outcome row={row} positives={positives} negatives={negatives} />
        <Course rows={rows} threshold={row.threshold} />
      </div>
      <Fold summary="All thresholds in a table">
        <DataTable label="Thresholds" rows={rows.filter((_, i) => rows.length <= 25 || i === inUse || i % Math.ceil(rows.length / 20) === 0)}
          emphasize={(r) => r === rows[inUse]} columns={[
            { head: "Threshold", numeric: true, cell: (r) => num(r.threshold, 2), value: (r) => r.threshold },
            { head: "Recall", numeric: true, cell: (r) => metric(r.recall), value: (r) => r.recall },
            { head: "Specificity", numeric: true, cell: (r) => metric(r.specificity), value: (r) => r.specificity },
            { head: "Precision", numeric: true, cell: (r) => metric(r.precision), value: (r) => r.precision },
            { head: "F1", numeric: true, cell: (r) => metric(r.f1), value: (r) => r.f1 },
            { head: "Accuracy", numeric: true, cell: (r) => metric(r.accuracy), value: (r) => r.accuracy },
          ]} />
      </Fold>
    </div>
  );
}
type Maybe = number | null | undefined;

/** One hundred cases like those of the hold-out, as dots: found, missed, falsely alarmed, rightly left alone. */
function Outcome({ row, positives, negatives }: { row: ThresholdRow; positives: Maybe; negatives: Maybe }) {
  if (!known(positives) || !known(negatives) || !known(row.recall) || !known(row.specificity) || positives + negatives === 0) {
    return <p className="lead">Recall {metric(row.recall)}, specificity {metric(row.specificity)}, precision {metric(row.precision)}.</p>;
  }
  const found = Math.round(row.recall * positives);
  const cleared = Math.round(row.specificity * negatives);
  const all = positives + negatives;
  const sick = Math.round((positives / all) * 100);
  const foundDots = Math.round((found / all) * 100);
  const alarmDots = Math.round(((negatives - cleared) / all) * 100);
  const kind = (i: number) => i < foundDots ? "found" : i < sick ? "missed" : i < sick + alarmDots ? "alarm" : "clear";
  return (
    <div className="outcome">
      <p aria-live="polite">
        Of {count(positives)} positives, <b>{count(found)} are found</b> and <b>{count(positives - found)} missed</b>;
        of {count(negatives)} negatives, <b>{count(negatives - cleared)} {negatives - cleared === 1 ? "gets" : "get"} a false alarm</b>.
        {known(row.precision) && ` ${percent(row.precision)} of the alarms are right.`}
      </p>
      <svg viewBox="0 0 200 104" className="waffle" role="img" aria-label={`Per 100 rows: ${foundDots} found, ${sick - foundDots} missed, ${
        alarmDots} false alarms, ${100 - sick - alarmDots} rightly negative`}>
        {Array.from({ length: 100 }, (_, i) => {
          const x = 6 + Math.floor(i / 5) * 9.9;
          const y = 8 + (i % 5) * 20;
          return <Dot key={i} kind={kind(i)} x={x} y={y} />;
        })}
      </svg>
      <Legend items={[{ color: "positive", label: `${foundDots} found` }, { color: "bad", label: `${sick - foundDots} missed`, hollow: true },
        { color: "bad", label: `${alarmDots} false alarms` }, { color: "negative", label: `${100 - sick - alarmDots} rightly negative` }]} />
      <small>Per 100 rows of the hold-out.</small>
    </div>
  );
}

function Dot({ kind, x, y }: { kind: string; x: number; y: number }) {
  if (kind === "missed") return <circle cx={x} cy={y} r="3.2" fill="none" stroke="var(--bad)" strokeWidth="1.8" />;
  const fill = kind === "found" ? "positive" : kind === "alarm" ? "bad" : "negative";
  return <circle cx={x} cy={y} r="4" fill={`var(--${fill})`} opacity={kind === "clear" ? 0.55 : 1} />;
}

const LINES = [["recall", "recall", "solid", "positive"], ["specificity", "specificity", "solid", "negative"],
  ["precision", "precision", "dashed", "positive"], ["f1", "F1", "dotted", "ink-2"]] as const;

function Course({ rows, threshold }: { rows: readonly ThresholdRow[]; threshold: number }) {
  const option = useMemo(() => ({
    grid: plane, tooltip: tooltip({ show: false }), xAxis: unitAxis("threshold"), yAxis: unitAxis("", { nameGap: 0 }),
    series: LINES.map(([key, name, type, shade], order) => ({
      type: "line", name, symbol: "none", silent: true, data: rows.map((r) => [r.threshold, r[key]]),
      lineStyle: { color: color(shade), width: 2, type }, itemStyle: { color: color(shade) },
      markLine: order === 0 ? { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: color("ink"), width: 1.5, type: "solid" },
        data: [{ xAxis: threshold }] } : undefined,
    })),
  }), [rows, threshold]);
  return (
    <div>
      <ul className="legend">
        {LINES.map(([key, name, type, shade]) => (
          <li key={key}><span className="line-swatch" style={{ borderTopStyle: type, color: color(shade) }} />{name}</li>
        ))}
      </ul>
      <Chart option={option} height={260} label={`Recall, specificity, precision and F1 at every threshold; now ${num(threshold, 2)}`}
        save={{ title: "metrics at every threshold", data: () => ({ head: ["threshold", ...LINES.map(([key]) => key)], rows: rows.map((r) => [r.threshold, ...LINES.map(([key]) => r[key])]) }) }} />
    </div>
  );
}
