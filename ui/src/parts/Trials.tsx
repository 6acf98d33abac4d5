import { useMemo } from "react";
import type { Trial } from "./document";
import { Chart } from "./Chart";
import { color, plane, tip, tooltip, valueAxis } from "./chartOptions";
import { known, metric, num, plain } from "./format";
import { Grid } from "./Layout";
import { lowerIsBetter, metricName, modelName } from "./words";

type Done = Trial & { value: number };

function describe(trial: Trial): string {
  return Object.entries(trial.params ?? {}).map(([k, v]) => `${k} ${plain(v)}`).join(", ");
}

/** Trials of models whose settings were searched; a model with declared settings has a single one. */
export function searchedTrials(trials: readonly Trial[]): Trial[] {
  return trials.filter((t) => trials.some((other) => other !== t && other.model === t.model));
}

/** The search for settings: each trial's score, the best so far, and the score against each setting. */
export function Trials({ trials, metricKey }: { trials: readonly Trial[]; metricKey: string }) {
  const models = [...new Set(trials.map((t) => t.model))];
  return <>{models.map((m) => <Search key={m} model={m} trials={trials.filter((t) => t.model === m)} metricKey={metricKey} />)}</>;
}

function Search({ model, trials, metricKey }: { model: string; trials: readonly Trial[]; metricKey: string }) {
  const done = useMemo(() => trials.filter((t): t is Done => known(t.value)), [trials]);
  const lower = lowerIsBetter(metricKey);
  const best = useMemo(() => done.reduce<Done | null>((a, b) =>
    a === null || (lower ? b.value < a.value : b.value > a.value) ? b : a, null), [done, lower]);
  const course = useMemo(() => courseOption(done, best, lower, metricKey), [done, best, lower, metricKey]);
  const params = useMemo(() => [...new Set(done.flatMap((t) => Object.keys(t.params ?? {})))]
    .filter((p) => new Set(done.map((t) => t.params?.[p])).size > 1).slice(0, 4), [done]);
  const lost = trials.length - done.length;
  if (!best) return <p className="muted">{modelName(model)}: no trial ended with a value.</p>;
  return (
    <div className="search">
      <p className="lead">
        <b>{modelName(model)}</b>: {trials.length} trials, best {metricName(metricKey)} {metric(best.value)} with {describe(best)}
        {lost > 0 && `; ${lost} ended without a value`}.
      </p>
      <Grid columns={3}>
        <Chart option={course} height={220} label={`${metricName(metricKey)} of ${done.length} trials in order; best ${metric(best.value)}`}
          save={{ title: `trials of ${model}`, data: () => ({ head: ["trial", metricKey, "settings"], rows: trials.map((t, at) => [t.number ?? at, t.value, describe(t)]) }) }} />
        {params.map((p) => <Setting key={p} name={p} done={done} best={best} metricKey={metricKey} />)}
      </Grid>
    </div>
  );
}

function courseOption(done: readonly Done[], best: Done | null, lower: boolean, metricKey: string) {
  let record = done[0]?.value ?? 0;
  const soFar = done.map((t, at) => {
    record = lower ? Math.min(record, t.value) : Math.max(record, t.value);
    return [t.number ?? at, record];
  });
  return {
    grid: { ...plane, left: 54 }, tooltip: tooltip(),
    xAxis: valueAxis("trial", { splitLine: { show: false }, min: "dataMin", max: "dataMax" }),
    yAxis: valueAxis(metricName(metricKey), { scale: true, nameGap: 40 }),
    series: [
      { type: "line", step: "end", symbol: "none", data: soFar, lineStyle: { color: color("known"), width: 2 }, silent: true },
      { type: "scatter", symbolSize: 7, emphasis: { disabled: true },
        data: done.map((t, at) => ({ value: [t.number ?? at, t.value], words: describe(t),
          itemStyle: { color: color(t === best ? "known" : "negative"), opacity: t === best ? 1 : 0.7 } })),
        tooltip: { formatter: (p: { data: { value: [number, number]; words: string } }) =>
          tip(`trial ${p.data.value[0]}: ${metric(p.data.value[1])}`, p.data.words) } },
    ],
  };
}

function Setting({ name, done, best, metricKey }: { name: string; done: readonly Done[]; best: Done; metricKey: string }) {
  const option = useMemo(() => {
    const values = done.map((t) => t.params?.[name]);
    const numbers = values.filter(known);
    const numeric = numbers.length === values.length;
    const wide = numeric && Math.min(...numbers) > 0 && Math.max(...numbers) / Math.min(...numbers) > 15;
    return {
      grid: { ...plane, left: 54 }, tooltip: tooltip(),
      xAxis: numeric ? valueAxis(wide ? `${name} (log scale)` : name, { type: wide ? "log" : "value", scale: true,
        splitLine: { show: false }, axisLabel: { color: color("ink-2"), fontSize: 11, hideOverlap: true,
          formatter: (v: number) => num(v, 2) } })
        : { ...valueAxis(name), type: "category", data: [...new Set(values.map(plain))] },
      yAxis: valueAxis(metricName(metricKey), { scale: true, nameGap: 40 }),
      series: [{
        type: "scatter", symbolSize: 7, emphasis: { disabled: true },
        data: done.map((t) => ({ value: [numeric ? t.params?.[name] : plain(t.params?.[name]), t.value],
          itemStyle: { color: color(t === best ? "known" : "negative"), opacity: t === best ? 1 : 0.7 } })),
        tooltip: { formatter: (p: { value: [unknown, number] }) => tip(`${name} ${plain(p.value[0])}`, metric(p.value[1])) },
      }],
    };
  }, [name, done, best, metricKey]);
  return <Chart option={option} height={220} label={`${metricName(metricKey)} against ${name}; best at ${plain(best.params?.[name])}`}
    save={{ title: `${metricKey} against ${name}`, data: () => ({ head: [name, metricKey], rows: done.map((t) => [plain(t.params?.[name]), t.value]) }) }} />;
}
