import { useRef } from "react";
import { Downloads } from "../../parts/Downloads";
import { count, num, percent, plural } from "../../parts/format";
import { Sparkline } from "../../parts/Histogram";
import { Panel } from "../../parts/Layout";
import { Moment, momentText, useZone } from "../../parts/Moment";
import { instant } from "../../parts/save";
import { DataTable } from "../../parts/DataTable";
import { Status } from "../../parts/Status";
import { useTraffic, type Bins, type Served, type Traffic as OfVersion } from "../api/native";
import { Loaded } from "../views/Loaded";

const SPANS: readonly (readonly [key: string, words: string, ms: number])[] = [
  ["", "all", 0], ["minutes", "last 5 minutes", 300_000], ["hour", "last hour", 3_600_000], ["day", "last day", 86_400_000], ["month", "last 30 days", 2_592_000_000],
];
const COLORS = ["known", "new", "positive", "negative", "open"];
/** Ends of windows move in steps, so that the same question is asked for a while: of short windows in short ones. */
const stepOf = (length: number) => (length <= 300_000 ? 5_000 : 60_000);

/** What versions of one model answered over time: how often, with which scores, how fast. */
export function Traffic(props: {
  models: readonly string[]; model: string; span: string; served: readonly Served[]; pick: (next: { model?: string; span?: string }) => void;
}) {
  const span = SPANS.find(([key]) => key === props.span) ?? SPANS[0];
  const length = span?.[2] ?? 0;
  const since = length === 0 ? undefined : Math.floor(Date.now() / stepOf(length)) * stepOf(length) - length;
  const found = useTraffic(props.model, since);
  return (
    <>
      <div className="toolbar">
        <h2 className="section-title grow">Predictions</h2>
        {props.models.length > 1 && (
          <label className="labelled">Model
            <select className="field" value={props.model} onChange={(event) => props.pick({ model: event.target.value })}>
              {props.models.map((model) => <option key={model}>{model}</option>)}
            </select>
          </label>
        )}
        <div className="segments" role="group" aria-label="Time">
          {SPANS.map(([key, words]) => <button key={key} type="button" aria-pressed={key === (span?.[0] ?? "")} onClick={() => props.pick({ span: key || undefined })}>{words}</button>)}
        </div>
      </div>
      <Loaded query={found}>{(view) => {
        const versions = view.versions.filter((v) => v.looked > 0 || v.counts.some((n) => n > 0));
        if (versions.length === 0) return <p className="muted">No prediction was made in this time.</p>;
        return (
          <>
            <Panel title={`Predictions of ${props.model} over time`} wide lead={`Each bar is ${spanWords(versions[0]?.bucket_ms ?? 0)}, the highest of them ${num(highest(versions))} predictions a second; versions stand on each other.`}><Stack versions={versions} /></Panel>
            <Numbers versions={versions} served={props.served} />
            <div className="two">
              <Panel title="Scores"><Histograms name="scores" versions={versions} of={(v) => v.scores} unit="" /></Panel>
              <Panel title="Time for an answer" lead="Milliseconds within the server; slower than 99 of 100 stands in the last bar."><Histograms name="times" versions={versions} of={(v) => v.latency_ms} unit=" ms" /></Panel>
            </div>
          </>
        );
      }}</Loaded>
    </>
  );
}

/** Predictions per second of all versions in the highest bar. */
function highest(versions: readonly OfVersion[]): number {
  const buckets = versions[0]?.counts.length ?? 0;
  const totals = Array.from({ length: buckets }, (_, at) => versions.reduce((sum, v) => sum + (v.counts[at] ?? 0), 0));
  return Math.max(0, ...totals) / Math.max(0.001, (versions[0]?.bucket_ms ?? 1000) / 1000);
}

function spanWords(ms: number): string {
  if (ms < 1000) return `${count(ms)} ms`;
  if (ms < 90_000) return plural(Math.round(ms / 1000), "second");
  if (ms < 5_400_000) return plural(Math.round(ms / 60_000), "minute");
  return ms < 129_600_000 ? plural(Math.round(ms / 3_600_000), "hour") : plural(Math.round(ms / 86_400_000), "day");
}

function Stack({ versions }: { versions: readonly OfVersion[] }) {
  const zone = useZone();
  const host = useRef<HTMLDivElement>(null);
  const first = versions[0];
  if (!first) return null;
  const buckets = first.counts.length;
  const totals = Array.from({ length: buckets }, (_, at) => versions.reduce((sum, v) => sum + (v.counts[at] ?? 0), 0));
  const top = Math.max(1, ...totals);
  const width = 600 / buckets;
  const said = versions.map((v) => `version ${v.version}: ${count(v.counts.reduce((a, b) => a + b, 0))}`).join(", ");
  return (
    <>
      <div className="chart-head">
        <ul className="legend">{versions.map((v, at) => <li key={v.version}><span className={`swatch color-${COLORS[at % COLORS.length]}`} />version {v.version}</li>)}</ul>
        <Downloads title="predictions over time" host={host} data={() => ({
          head: ["from", ...versions.map((v) => `version ${v.version}`)],
          rows: Array.from({ length: buckets }, (_, at) => [instant(first.since_ms + at * first.bucket_ms), ...versions.map((v) => v.counts[at])]),
        })} />
      </div>
      <div ref={host}><svg className="traffic" viewBox="0 0 600 160" height="160" preserveAspectRatio="none" role="img" aria-label={`Predictions over time; ${said}; most in one bar: ${count(top)}`}>
        <line x1="0" x2="600" y1="159.5" y2="159.5" stroke="var(--line-strong)" vectorEffect="non-scaling-stroke" />
        {Array.from({ length: buckets }, (_, at) => {
          let base = 159;
          return versions.map((v, index) => {
            const height = ((v.counts[at] ?? 0) / top) * 154;
            base -= height;
            return height > 0 && <rect key={`${at}-${index}`} x={at * width + width * 0.08} width={width * 0.84} y={base} height={Math.max(height, 0.8)} fill={`var(--${COLORS[index % COLORS.length]})`} />;
          });
        })}
      </svg></div>
      <div className="traffic-axis"><span>{momentText(first.since_ms, zone)}</span><span>most: {count(top)}</span><span>{momentText(first.until_ms, zone)}</span></div>
    </>
  );
}

function Numbers({ versions, served }: { versions: readonly OfVersion[]; served: readonly Served[] }) {
  return (
    <div className="table-panel">
      <DataTable label="Versions in numbers" rows={versions} columns={[
        { head: "Version", cell: (v) => `v${v.version}` },
        { head: "Predictions", numeric: true, cell: (v) => <>{count(v.counts.reduce((a, b) => a + b, 0))}{!v.counts_whole && <small>the newest</small>}</> },
        { head: "Answers", cell: (v) => v.decisions.slice(0, 4).map((d) => `${d.label || "others"}: ${percent(d.count / Math.max(1, v.looked))}`).join(", ") },
        { head: "With a known outcome", numeric: true, cell: (v) => percent(v.looked > 0 ? v.labelled / v.looked : null), value: (v) => v.looked > 0 ? v.labelled / v.looked : null, unit: "share" },
        { head: "Half within", numeric: true, cell: (v) => `${num(v.p50_ms)} ms`, value: (v) => v.p50_ms, unit: "ms" },
        { head: "99 of 100 within", numeric: true, cell: (v) => `${num(v.p99_ms)} ms`, value: (v) => v.p99_ms, unit: "ms" },
        { head: "Last", cell: (v) => <Moment ms={served.find((s) => s.version === v.version)?.last_ms} ago /> },
        { head: "", cell: (v) => (v.looked_whole ? "" : <Status tone="open">{`scores and times of the newest ${count(v.looked)}`}</Status>) },
      ]} />
    </div>
  );
}

function Histograms({ name, versions, of, unit }: { name: string; versions: readonly OfVersion[]; of: (v: OfVersion) => Bins; unit: string }) {
  const shown = versions.filter((v) => of(v).counts.length > 0);
  if (shown.length === 0) return <p className="muted">Nothing of this was logged.</p>;
  return (
    <div className="cards">
      {shown.map((v) => (
        <HistogramOf key={v.version} name={`${name} of version ${v.version}`} version={v.version} bins={of(v)} color={COLORS[versions.indexOf(v) % COLORS.length] ?? "known"} unit={unit} />
      ))}
    </div>
  );
}

function HistogramOf({ name, version, bins: { edges, counts }, color, unit }: { name: string; version: string; bins: Bins; color: string; unit: string }) {
  const host = useRef<HTMLElement>(null);
  const [from, to] = [edges[0], edges[edges.length - 1]];
  return (
    <figure ref={host} className="histogram-figure">
      <figcaption className="chart-head">version {version}
        <Downloads title={name} host={host} data={() => ({ head: ["from", "to", "count"], rows: counts.map((n, at) => [edges[at], edges[at + 1], n]) })} />
      </figcaption>
      <Sparkline counts={counts} color={color} label={`version ${version}, from ${num(from)} to ${num(to)}${unit}`} />
      <div className="traffic-axis"><span>{num(from, 2)}{unit}</span><span>{num(to, 2)}{unit}</span></div>
    </figure>
  );
}
