import { useMemo, useState } from "react";
import { count } from "../../parts/format";
import { Icon } from "../../parts/Icon";
import { SearchField } from "../../parts/SearchField";
import type { Run } from "../api/mlflow";
import type { Group } from "../experiments/grouping";
import { asText } from "../search";
import { MetricChart } from "./MetricChart";
import type { Along } from "./series";
import type { ChartSettings } from "./settings";
import "./charts.css";

/** Cards of a section that are there before one asks for more. */
const CARDS = 24;
const SYSTEM = "system";

export interface MetricChartsProps {
  runs: readonly Run[];
  metrics: readonly string[];
  groups?: readonly Group[] | undefined;
  settings: Partial<ChartSettings>;
  change: (settings: Partial<ChartSettings>, how?: { replace?: boolean }) => void;
}

/** A chart for each metric, in sections by what stands before the last slash of its name. */
export default function MetricCharts({ runs, metrics, groups, settings, change }: MetricChartsProps) {
  const find = asText(settings.find).toLowerCase();
  const along: Along = settings.x === "time" || settings.x === "relative" ? settings.x : "step";
  const smoothing = Math.max(0, Math.min(99, Number(settings.smooth) || 0));
  const steps = useMemo((): [number, number] | null => (typeof settings.from === "number" && typeof settings.to === "number" && settings.from <= settings.to
    ? [settings.from, settings.to] : null), [settings.from, settings.to]);
  const sections = useMemo(() => {
    const found = new Map<string, string[]>();
    for (const key of metrics) {
      if (!key.toLowerCase().includes(find)) continue;
      const prefix = key.includes("/") ? key.slice(0, key.lastIndexOf("/")) : "";
      found.set(prefix, [...(found.get(prefix) ?? []), key]);
    }
    // A heading over one chart says nothing that the chart's name does not. What the machine did stands last.
    const lone = ([prefix, keys]: [string, string[]]) => !prefix || (keys.length === 1 && prefix !== SYSTEM);
    const alone = [...found].filter(lone).flatMap(([, keys]) => keys);
    const together = [...found].filter((one) => !lone(one)).sort(([a], [b]) => Number(a === SYSTEM) - Number(b === SYSTEM) || a.localeCompare(b));
    return alone.length > 0 ? [["", alone] as [string, string[]], ...together] : together;
  }, [metrics, find]);
  return (
    <>
      <ChartToolbar {...{ settings, change, along, smoothing, steps }} many={metrics.length > 4} />
      {sections.length === 0 && <p className="empty">No metric has such a name.</p>}
      {sections.map(([prefix, keys]) => (
        <Section key={prefix} title={prefix} keys={keys} folded={prefix === SYSTEM && sections.length > 1} {...{ runs, along, smoothing, steps, groups }} log={settings.log === "yes"}
          zoom={(range) => change({ from: range?.[0], to: range?.[1] })} />
      ))}
    </>
  );
}

function ChartToolbar({ settings, change, along, smoothing, steps, many }: Omit<MetricChartsProps, "runs" | "metrics"> & {
  along: Along; smoothing: number; steps: [number, number] | null; many: boolean;
}) {
  return (
    <div className="toolbar chart-toolbar">
      {many && <SearchField label="Search metrics" value={asText(settings.find)} apply={(find) => change({ find }, { replace: true })} />}
      <div className="segments" role="group" aria-label="Along">
        {([["step", "Step"], ["time", "Time"], ["relative", "Relative"]] as const).map(([id, word]) => (
          <button key={id} type="button" aria-pressed={along === id} onClick={() => change({ x: id === "step" ? undefined : id })}>{word}</button>
        ))}
      </div>
      <label className="tick-label"><input type="checkbox" checked={settings.log === "yes"} onChange={(event) => change({ log: event.target.checked ? "yes" : undefined })} /> Log scale</label>
      <label className="tick-label">Smoothing <input type="range" min={0} max={99} value={smoothing} onChange={(event) => change({ smooth: Number(event.target.value) || undefined }, { replace: true })} />
        <output>{smoothing} %</output></label>
      <StepRange key={steps?.join() ?? ""} steps={steps} change={(from, to) => change({ from, to })} />
    </div>
  );
}

/** The steps that are looked at: as numbers for the keyboard, by dragging over a chart for the mouse. */
function StepRange({ steps, change }: { steps: [number, number] | null; change: (from: number | undefined, to: number | undefined) => void }) {
  const [from, setFrom] = useState(steps ? String(steps[0]) : "");
  const [to, setTo] = useState(steps ? String(steps[1]) : "");
  const apply = () => {
    const range = [Number(from), Number(to)];
    if (from !== "" && to !== "" && range.every(Number.isInteger)) change(Math.min(...range), Math.max(...range));
  };
  const field = (label: string, value: string, set: (text: string) => void) => (
    <input className="field step" inputMode="numeric" aria-label={label} placeholder={label.toLowerCase()} value={value} onChange={(event) => set(event.target.value)}
      onBlur={apply} onKeyDown={(event) => { if (event.key === "Enter") apply(); }} />
  );
  return (
    <span className="step-range">
      Steps {field("From", from, setFrom)}–{field("To", to, setTo)}
      {steps && <button type="button" className="icon-button" aria-label="Show all steps" title="All steps" onClick={() => change(undefined, undefined)}><Icon name="cross" /></button>}
    </span>
  );
}

function Section({ title, keys, folded, ...shared }: {
  title: string; keys: readonly string[]; folded: boolean; runs: readonly Run[]; along: Along; smoothing: number; log: boolean; steps: [number, number] | null;
  groups: readonly Group[] | undefined; zoom: (range: [number, number] | null) => void;
}) {
  const [most, setMost] = useState(CARDS);
  const cards = (
    <>
      <div className="charts">{keys.slice(0, most).map((key) => <MetricChart key={key} metric={key} {...shared} />)}</div>
      {keys.length > most && <button type="button" className="button" onClick={() => setMost(most + CARDS)}>More of {count(keys.length)}</button>}
    </>
  );
  if (!title) return <section aria-label="Metrics" className="chart-section">{cards}</section>;
  return <details className="fold chart-section" open={!folded}><summary><bdi>{title}</bdi> <span className="muted">{count(keys.length)}</span></summary>{cards}</details>;
}
