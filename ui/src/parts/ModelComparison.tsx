import { useMemo } from "react";
import type { Train } from "./document";
import { Chart } from "./Chart";
import { categoryAxis, color, plane, tip, tooltip, valueAxis } from "./chartOptions";
import { DataTable } from "./DataTable";
import { known, metric, plain, seconds } from "./format";
import { Fold } from "./Layout";
import { lowerIsBetter, metricName, modelName } from "./words";

/** Models from best to worst by the metric that selects. */
export function ranked(train: Train) {
  const key = train.metric ?? Object.keys(train.models?.[0]?.metrics ?? {})[0] ?? "";
  const sign = lowerIsBetter(key) ? 1 : -1;
  return [...(train.models ?? [])].sort((a, b) => {
    const x = a.metrics?.[key]?.mean;
    const y = b.metrics?.[key]?.mean;
    return known(x) && known(y) ? sign * (x - y) : known(x) ? -1 : known(y) ? 1 : 0;
  });
}

/** Every fold's score of every model as a point, the mean as a bar across them. */
export function ModelComparison({ train }: { train: Train }) {
  const models = useMemo(() => ranked(train), [train]);
  const key = train.metric ?? "";
  const option = useMemo(() => {
    const names = models.map((m) => modelName(m.name)).reverse();
    const shade = (name: string) => color(name === train.selected ? "known" : "negative");
    const points = models.flatMap((m) => (m.metrics?.[key]?.folds ?? []).map((value, fold) => ({
      value: [value, modelName(m.name)], itemStyle: { color: shade(m.name) }, fold: fold + 1,
    })));
    const means = models.filter((m) => known(m.metrics?.[key]?.mean)).map((m) => ({
      value: [m.metrics?.[key]?.mean, modelName(m.name)], itemStyle: { color: shade(m.name) },
    }));
    return {
      grid: { ...plane, left: 14 + 6.9 * Math.max(...names.map((n) => n.length)) }, tooltip: tooltip(),
      xAxis: valueAxis(metricName(key), { scale: true }),
      yAxis: categoryAxis(names, { axisLabel: { color: color("ink"), fontSize: 12 } }),
      series: [
        { type: "scatter", symbolSize: 9, data: points, itemStyle: { opacity: 0.5 }, emphasis: { disabled: true },
          tooltip: { formatter: (p: { data: { value: [number, string]; fold: number } }) =>
            tip(p.data.value[1], `fold ${p.data.fold}: ${metric(p.data.value[0])}`) } },
        { type: "scatter", symbol: "rect", symbolSize: [3, 24], data: means, emphasis: { disabled: true },
          tooltip: { formatter: (p: { data: { value: [number, string] } }) =>
            tip(p.data.value[1], `mean ${metric(p.data.value[0])}`) } },
      ],
    };
  }, [models, key, train.selected]);
  const label = `${metricName(key)} of every fold: ${models.map((m) => `${modelName(m.name)} ${
    metric(m.metrics?.[key]?.mean)}`).join(", ")}`;
  return <Chart option={option} height={70 + models.length * 36} label={label} save={{ title: `${key} of every fold`, data: () => ({
    head: ["model", "fold", key], rows: models.flatMap((m) => (m.metrics?.[key]?.folds ?? []).map((value, fold) => [m.name, fold + 1, value])),
  }) }} />;
}

/** The same models in numbers, all metrics. */
export function ModelTable({ train }: { train: Train }) {
  const models = ranked(train);
  const keys = [...new Set(models.flatMap((m) => Object.keys(m.metrics ?? {})))]
    .sort((a, b) => Number(b === train.metric) - Number(a === train.metric));
  return (
    <DataTable label="Models compared" rows={models} emphasize={(m) => m.name === train.selected} columns={[
      { head: "Model", cell: (m) => <>{modelName(m.name)}{m.name === train.selected && <small className="chosen">selected</small>}</> },
      ...keys.map((key) => ({
        head: metricName(key), numeric: true,
        cell: (m: (typeof models)[number]) => {
          const found = m.metrics?.[key];
          return <>{metric(found?.mean)}{known(found?.std) && <small>± {metric(found.std)}</small>}</>;
        },
      })),
      { head: "Time to fit", numeric: true, cell: (m) => seconds(m.fit_seconds), value: (m) => m.fit_seconds, unit: "seconds" },
    ]} />
  );
}

export function ModelSettings({ train }: { train: Train }) {
  const models = ranked(train).filter((m) => Object.keys(m.params ?? {}).length > 0);
  if (models.length === 0) return null;
  return (
    <Fold summary="Settings of the models">
      <DataTable label="Settings" rows={models} columns={[
        { head: "Model", cell: (m) => modelName(m.name) },
        { head: "Settings", cell: (m) => Object.entries(m.params ?? {}).map(([k, v]) => `${k} ${plain(v)}`).join(", ") },
        { head: "Found by", cell: (m) => (m.tuned ? `search over ${m.trials ?? "some"} trials` : "as declared") },
      ]} />
    </Fold>
  );
}

