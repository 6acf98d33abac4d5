import { Link, useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { bytes, known, metric, plain, plural, range } from "../../parts/format";
import { Moment } from "../../parts/Moment";
import { Failed, Nothing, Skeleton } from "../../parts/States";
import { Scroll } from "../../parts/Layout";
import { Status } from "../../parts/Status";
import { metricName } from "../../parts/words";
import { useVersion, type VersionView } from "../api/native";
import { asList, useSettings } from "../search";
import { PageHead } from "../shell/PageHead";
import { modelAddress, versionAddress } from "./addresses";
import { AliasNames } from "./Aliases";
import "../views/views.css";

interface Row { name: string; cells: ReactNode[]; texts: string[] }

export default function CompareVersionsPage() {
  const { name = "" } = useParams({ strict: false });
  const [settings, change] = useSettings<{ versions: string[]; all: boolean }>();
  const asked = asList(settings.versions).slice(0, 4);
  // Always four, as hooks come in the same order each time.
  const [a, b, c, d] = [0, 1, 2, 3].map((at) => asked[at] ?? "");
  const found = [useVersion(name, a ?? "", Boolean(a)), useVersion(name, b ?? "", Boolean(b)), useVersion(name, c ?? "", Boolean(c)), useVersion(name, d ?? "", Boolean(d))]
    .slice(0, asked.length);
  const views = found.flatMap((q) => (q.data ? [q.data] : []));
  const failed = found.find((q) => q.isError);
  return (
    <>
      <PageHead title={`Versions of ${name} compared`} above={<><Link to="/models">Models</Link> › <Link to={modelAddress(name)}><bdi>{name}</bdi></Link></>}
        tools={<label className="tick-label"><input type="checkbox" checked={Boolean(settings.all)} onChange={(e) => change({ all: e.target.checked || undefined })} /> also what is the same</label>} />
      {asked.length < 2 ? <Nothing title="Nothing to compare"><p>Pick two or more versions on the <Link to={modelAddress(name)}>page of the model</Link>.</p></Nothing>
        : failed ? <Failed error={failed.error} /> : views.length < asked.length ? <Skeleton /> : <Table views={views} all={Boolean(settings.all)} />}
    </>
  );
}

function rowOf(name: string, views: readonly VersionView[], text: (view: VersionView) => string, show?: (view: VersionView) => ReactNode): Row {
  const texts = views.map(text);
  return { name, texts, cells: views.map((view, at) => show?.(view) ?? <span dir="auto">{texts[at] || "–"}</span>) };
}

function metricRows(views: readonly VersionView[]): Row[] {
  const of = (view: VersionView) => view.card?.metrics ?? view.metrics ?? {};
  const keys = [...new Set(views.flatMap((view) => Object.keys(of(view))))];
  return keys.map((key) => rowOf(metricName(key), views, (view) => `${metric(of(view)[key]?.value)} ${range(of(view)[key])}`,
    (view) => <>{metric(of(view)[key]?.value)}<small>{range(of(view)[key])}</small></>));
}

function gateRows(views: readonly VersionView[]): Row[] {
  const gates = [...new Map(views.flatMap((view) => view.gates.map((g) => [`${g.kind} ${g.id}`, g]))).entries()];
  return gates.map(([key, gate]) => {
    const find = (view: VersionView) => view.gates.find((g) => `${g.kind} ${g.id}` === key);
    return rowOf(`Gate: ${gate.kind === "key_metric" ? metricName(gate.metric) : gate.text ?? gate.id}`, views,
      (view) => `${find(view)?.status ?? "not judged"} ${metric(find(view)?.observed)}`,
      (view) => {
        const g = find(view);
        return g ? <><Status tone={g.status === "pass" ? "good" : g.status === "fail" ? "bad" : "open"}>{g.status}</Status> {known(g.observed) && <small>{metric(g.observed)}</small>}</> : <span className="muted">not judged</span>;
      });
  });
}

function paramRows(views: readonly VersionView[]): Row[] {
  const keys = [...new Set(views.flatMap((view) => Object.keys(view.card?.params ?? {})))];
  return keys.map((key) => rowOf(key, views, (view) => (view.card?.params && key in view.card.params ? plain(view.card.params[key]) : "–")));
}

function schemaRows(views: readonly VersionView[]): Row[] {
  const names = [...new Set(views.flatMap((view) => (view.card?.inputs ?? []).map((i) => i.name)))];
  return names.map((name) => rowOf(`Input ${name}`, views, (view) => view.card?.inputs?.find((i) => i.name === name)?.type ?? "not taken"));
}

function Table({ views, all }: { views: readonly VersionView[]; all: boolean }) {
  const rows: Row[] = [
    rowOf("Aliases", views, (view) => view.aliases.join(", "), (view) => <AliasNames aliases={view.aliases} />),
    ...metricRows(views), ...gateRows(views),
    rowOf("Learner", views, (view) => view.card?.learner ?? view.learner ?? ""),
    ...paramRows(views), ...schemaRows(views),
    rowOf("Data", views, (view) => view.data ?? ""),
    rowOf("Features", views, (view) => plural(view.card?.features?.length, "feature")),
    rowOf("Size", views, (view) => bytes(view.card?.bytes)),
    rowOf("Deployed", views, (view) => view.deployments.map((d) => d.state).join(", ")),
    rowOf("Registered", views, (view) => String(view.created_ms), (view) => <Moment ms={view.created_ms} />),
  ];
  const shown = all ? rows : rows.filter((row) => new Set(row.texts).size > 1);
  return (
    <div className="table-panel">
      <Scroll label="Versions side by side">
        <table>
          <thead><tr><th scope="col">{all ? "" : "What differs"}</th>{views.map((view) => <th key={view.version} scope="col"><Link to={versionAddress(view.name, view.version)}>version {view.version}</Link></th>)}</tr></thead>
          <tbody>{shown.map((row) => <tr key={row.name}><th scope="row">{row.name}</th>{row.cells.map((cell, at) => <td key={at}>{cell}</td>)}</tr>)}</tbody>
        </table>
      </Scroll>
      {shown.length === 0 && <p className="muted">They differ in nothing that is known of them.</p>}
    </div>
  );
}
