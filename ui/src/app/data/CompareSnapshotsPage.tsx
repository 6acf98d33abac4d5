import { Link, useParams } from "@tanstack/react-router";
import { DataTable } from "../../parts/DataTable";
import type { ColumnProfile, DriftColumn } from "../../parts/document";
import { DriftGrid } from "../../parts/DriftGrid";
import { bytes, count, known, num, percent, plural, pValue } from "../../parts/format";
import { Sparkline } from "../../parts/Histogram";
import { Icon } from "../../parts/Icon";
import { KeyNumbers, Legend, Panel } from "../../parts/Layout";
import { momentText } from "../../parts/Moment";
import { Nothing } from "../../parts/States";
import { Status } from "../../parts/Status";
import { testName } from "../../parts/words";
import { useSnapshots, useSource, type ColumnChange, type SnapshotSide, type SnapshotsCompared, type SourceView } from "../api/native";
import { asText, useSettings } from "../search";
import { PageHead } from "../shell/PageHead";
import { Loaded } from "../views/Loaded";
import { sourceAddress } from "./address";
import { CheckChanges } from "./CheckChanges";
import "../../parts/chapters.css";
import "../views/views.css";
import "./data.css";

interface Pair { before: string; after: string }

/** Two snapshots of a source: which are meant stands in the address. */
export default function CompareSnapshotsPage() {
  const { source = "" } = useParams({ strict: false });
  const [settings, change] = useSettings<Pair>();
  const listed = useSource(source);
  const snapshots = distinct(listed.data?.snapshots ?? []);
  const after = asText(settings.after) || (snapshots[0]?.digest ?? "");
  const before = asText(settings.before) || (snapshots.find((one) => one.digest !== after)?.digest ?? "");
  const found = useSnapshots(source, before, after);
  return (
    <>
      <PageHead title={`Snapshots of ${source}`} name={<>Snapshots of <bdi>{source}</bdi></>} above={<><Link to="/data">Data</Link> / <Link to={sourceAddress(source)}><bdi>{source}</bdi></Link></>}>
        {found.data && <p className="page-lead">{conclude(found.data)}</p>}
      </PageHead>
      <Loaded query={listed}>{() => (before === "" ? <One source={source} /> : (
        <>
          <Choice snapshots={snapshots} before={before} after={after} change={change} />
          <Loaded query={found}>{(view) => <Compared view={view} />}</Loaded>
        </>
      ))}</Loaded>
    </>
  );
}

type Listed = SourceView["snapshots"][number];

/** The same content is the same snapshot, however often it was read. */
function distinct(all: readonly Listed[]): Listed[] {
  return all.filter((one, at) => one.digest !== null && all.findIndex((other) => other.digest === one.digest) === at);
}

function One({ source }: { source: string }) {
  return (
    <Nothing title="There is one snapshot so far">
      <p>A run that finds other content in the file of <bdi>{source}</bdi> keeps it as another snapshot. Then the two can be compared here.</p>
    </Nothing>
  );
}

function Choice({ snapshots, before, after, change }: Pair & { snapshots: readonly Listed[]; change: (pair: Partial<Pair>) => void }) {
  const select = (label: string, value: string, set: (digest: string) => void) => (
    <label className="labelled">{label}
      <select className="field" value={value} onChange={(event) => set(event.target.value)}>
        {!snapshots.some((one) => one.digest === value) && <option value={value}>{value.slice(0, 12)}</option>}
        {snapshots.map((one) => <option key={one.digest} value={one.digest ?? ""}>{one.digest?.slice(0, 12)}, {count(one.rows)} rows, {momentText(one.at_ms)}</option>)}
      </select>
    </label>
  );
  return (
    <div className="toolbar">
      {select("Before", before, (digest) => change({ before: digest, after }))}
      <button type="button" className="icon-button" aria-label="Swap the two" title="Swap the two" onClick={() => change({ before: after, after: before })}><Icon name="swap" /></button>
      {select("After", after, (digest) => change({ before, after: digest }))}
    </div>
  );
}

function conclude(view: SnapshotsCompared): string {
  if (view.before.digest === view.after.digest) return "Both are the same snapshot.";
  const { rows, drift } = view;
  const columns = view.columns.filter((one) => one.change !== "same");
  const parts = [
    rows ? `${plural(rows.added, "row")} added, ${count(rows.removed)} removed${known(rows.changed) ? `, ${count(rows.changed)} changed` : ""}`
      : `${count(view.before.rows)} rows before, ${count(view.after.rows)} after`,
    columns.length === 0 ? "the columns are the same" : columns.map((one) => `${one.column} ${one.change}`).slice(0, 4).join(", ") + (columns.length > 4 ? ` and ${columns.length - 4} more` : ""),
    ...(drift?.dataset ? [`${count(drift.dataset.drifted_columns)} of ${plural(drift.dataset.columns, "column")} drifted`] : []),
  ];
  return `${parts.join("; ")}.`;
}

/** A column that one side lacks has nothing to be compared with. */
function driftOf(view: SnapshotsCompared): DriftColumn[] {
  const both = new Set(view.columns.filter((one) => one.before !== null && one.after !== null).map((one) => one.column));
  return (view.drift?.columns ?? []).filter((one) => both.has(one.column));
}

function Compared({ view }: { view: SnapshotsCompared }) {
  const { rows, before, after } = view;
  const drift = driftOf(view);
  return (
    <>
      <KeyNumbers items={[
        { label: "Rows", value: <>{count(before.rows)} → {count(after.rows)}</>, note: `${count(before.rejected)} and ${count(after.rejected)} rejected` },
        { label: "Added", value: count(rows?.added), note: rows?.by === "key" ? `keys of ${rows.key} that are new` : "rows that are new as a whole" },
        { label: "Removed", value: count(rows?.removed), note: rows?.by === "key" ? `keys of ${rows.key} that are gone` : "rows that are gone as a whole" },
        ...(known(rows?.changed) ? [{ label: "Changed", value: count(rows?.changed), note: "same key, other values" }] : []),
        { label: "Size", value: <>{bytes(before.bytes)} → {bytes(after.bytes)}</> },
      ]} />
      <p className="caption">
        A snapshot keeps its rows, as a Parquet file beside the store, until <code>quern gc</code> finds that no run uses them; its profile and what checks said stay in
        the database. {rows?.by === "content" && "The project names no key, so a row that changed counts as one removed and one added."}
      </p>
      {view.problem && <p className="notice" role="status">Rows and distributions cannot be compared: {view.problem}</p>}
      <Panel title="Columns" wide lead="Columns that came, went or have another type first, then those that drifted."><Columns view={view} /></Panel>
      {drift.length > 0 && (
        <Panel title="Both distributions" wide lead="Judged as monitoring judges a batch: significant, adjusted for the number of columns, and large enough.">
          <Legend items={[{ color: "known", label: "before" }, { color: "new", label: "after" }]} />
          <DriftGrid columns={drift} />
        </Panel>
      )}
      <Panel title="Checks" wide><CheckChanges before={before.validate?.checks} after={after.validate?.checks} /></Panel>
    </>
  );
}

const TONE: Record<ColumnChange["change"], "known" | "new" | "open"> = { same: "known", added: "new", removed: "open", retyped: "new" };

function Columns({ view }: { view: SnapshotsCompared }) {
  const drift = new Map(driftOf(view).map((one) => [one.column, one]));
  const profile = (side: SnapshotSide, name: string) => side.profile?.find((one) => one.name === name);
  const weight = (one: ColumnChange) => (one.change === "same" ? 0 : 2) + (drift.get(one.column)?.drifted ? 1 : 0);
  const rows = [...view.columns].sort((a, b) => weight(b) - weight(a));
  return (
    <DataTable label="Columns of both snapshots" rows={rows} columns={[
      { head: "Column", cell: (c) => <bdi>{c.column}</bdi> },
      { head: "Change", cell: (c) => <Status tone={TONE[c.change]}>{c.change}</Status> },
      { head: "Type", cell: (c) => (c.before === c.after ? c.after : <>{c.before ?? "–"} → {c.after ?? "–"}</>) },
      { head: "Before", cell: (c) => <Shape profile={profile(view.before, c.column)} color="known" /> },
      { head: "After", cell: (c) => <Shape profile={profile(view.after, c.column)} color="new" /> },
      { head: "Missing", numeric: true, cell: (c) => <Missing before={profile(view.before, c.column)} after={profile(view.after, c.column)} /> },
      { head: "Drift", cell: (c) => <Verdict drift={drift.get(c.column)} /> },
    ]} />
  );
}

/** A column's profile, as small as a cell. */
function Shape({ profile, color }: { profile: ColumnProfile | undefined; color: string }) {
  if (!profile) return <span className="muted">–</span>;
  const counts = profile.histogram?.counts ?? profile.top?.map((one) => one.count) ?? [];
  const ends = known(profile.min) && known(profile.max) ? `${num(profile.min)} to ${num(profile.max)}` : `${count(profile.distinct)} values`;
  return (
    <>
      {counts.length > 0 && <Sparkline counts={counts} color={color} label={`Distribution of ${profile.name}: ${ends}`} />}
      <small>{ends}{known(profile.mean) && <>, mean {num(profile.mean)}</>}</small>
    </>
  );
}

function Missing({ before, after }: { before: ColumnProfile | undefined; after: ColumnProfile | undefined }) {
  const [a, b] = [before?.missing_share, after?.missing_share];
  return a === b ? <>{percent(b)}</> : <>{percent(a)} → <b>{percent(b)}</b></>;
}

function Verdict({ drift }: { drift: DriftColumn | undefined }) {
  const test = drift?.tests?.[0];
  if (!drift) return <span className="muted">not compared</span>;
  return (
    <>
      <Status tone={drift.drifted ? "new" : "known"}>{drift.drifted ? "drifted" : "as before"}</Status>
      {test && <small>{testName(test.name)} {num(test.statistic)}{known(test.p_value) && <>, p {pValue(test.p_value)}</>}</small>}
    </>
  );
}
