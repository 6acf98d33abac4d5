import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { known, metric, plural, range } from "../../parts/format";
import { DataTable } from "../../parts/DataTable";
import { Panel } from "../../parts/Layout";
import { Moment } from "../../parts/Moment";
import { instant, type SavedTable } from "../../parts/save";
import { Nothing } from "../../parts/States";
import { Status, toneOf } from "../../parts/Status";
import { VirtualTable, type GridColumn } from "../../parts/VirtualTable";
import { metricName } from "../../parts/words";
import { fetchLog, fetchModel, useModel, type ModelView, type Version } from "../api/native";
import { asList, useSettings } from "../search";
import { PageHead } from "../shell/PageHead";
import { Loaded } from "../views/Loaded";
import { modelAddress, versionAddress } from "./addresses";
import { AliasNames } from "./Aliases";
import { AliasList } from "./AliasList";
import { ChangeLog } from "./ChangeLog";
import { ModelOrders } from "./ModelOrders";
import { Description, Tags } from "./TextOrders";
import "../views/views.css";
import "./models.css";

/** Metrics that have a column of their own; the others stand on the version's page. */
const METRICS = 4;
const COMPARED = 4;

export default function ModelPage() {
  const { name = "" } = useParams({ strict: false });
  const [settings, change] = useSettings<{ pick: string[]; before: number }>();
  const before = Number(settings.before) || undefined;
  const found = useModel(name, before);
  const picked = asList(settings.pick);
  return (
    <>
      <PageHead title={name} name={<bdi>{name}</bdi>} above={<Link to="/models">Models</Link>}
        tools={<><Compare name={name} picked={picked} />{found.data && <ModelOrders view={found.data} />}</>}>
        {found.data && <p className="page-lead">{conclude(found.data)}</p>}
        {found.data && <Description of={{ name: found.data.name }} text={found.data.description} />}
      </PageHead>
      <Loaded query={found}>{(view) => (
        <>
          {view.versions.length === 0 ? <Nothing title="No versions"><p>This model has none{before ? " before that one" : " yet"}.</p></Nothing>
            : <Versions view={view} picked={picked} pick={(next) => change({ pick: next.length > 0 ? next : undefined }, { replace: true })} />}
          {view.next !== null && <p><button type="button" className="button" onClick={() => change({ before: view.next ?? undefined })}>Older versions</button></p>}
          <div className="two">
            <div className="stack">
              <Panel title="Aliases" lead="Names that stand for one version each, and what they ask of it."><AliasList view={view} /></Panel>
              <Panel title="Served"><Deployments view={view} /></Panel>
              <Panel title="Tags"><Tags of={{ name: view.name }} tags={view.tags} /></Panel>
            </div>
            <Panel title="Every change" lead="Who moved what, when, and why; nothing is ever taken out."><ChangeLog name={name} log={view.log} inAll={view.log_in_all} what={name} whole={async () => (await fetchLog(name)).log} /></Panel>
          </div>
        </>
      )}</Loaded>
    </>
  );
}

function conclude(view: ModelView): string {
  const champion = view.versions.find((v) => v.aliases.includes("champion"));
  const live = view.deployments.find((d) => d.state === "live");
  return `${plural(view.versions_in_all, "version")}; ${champion ? `version ${champion.version} is champion` : "none is champion"}${
    live ? `, version ${live.version} is live` : ""}.`;
}

function Compare({ name, picked }: { name: string; picked: readonly string[] }) {
  if (picked.length < 2) return <span className="muted">Pick 2 to {COMPARED} versions to compare them.</span>;
  return <Link className="button is-main" to={`${modelAddress(name)}/compare`} search={{ versions: picked } as never}>Compare {picked.length} versions</Link>;
}

function metricsOf(versions: readonly Version[]): string[] {
  return [...new Set(versions.flatMap((v) => Object.keys(v.metrics ?? {})))].slice(0, METRICS);
}

function Versions({ view, picked, pick }: { view: ModelView; picked: readonly string[]; pick: (next: string[]) => void }) {
  const navigate = useNavigate();
  const columns = useMemo((): GridColumn<Version>[] => [
    { id: "version", head: "Version", width: 120, cell: (v) => (
      <label className="tick-label">
        <input type="checkbox" checked={picked.includes(String(v.version))} aria-label={`Compare version ${v.version}`}
          disabled={picked.length >= COMPARED && !picked.includes(String(v.version))}
          onChange={(event) => pick(event.target.checked ? [...picked, String(v.version)] : picked.filter((p) => p !== String(v.version)))} />
        <Link to={versionAddress(view.name, v.version)}>v{v.version}</Link>
      </label>
    ) },
    { id: "aliases", head: "Aliases", width: 180, cell: (v) => <AliasNames aliases={v.aliases} /> },
    { id: "gates", head: "Gates", width: 190, cell: (v) => <Gates version={v} /> },
    ...metricsOf(view.versions).map((key): GridColumn<Version> => ({
      id: `metric ${key}`, head: metricName(key), title: key, width: 190, numeric: true, cell: (v) => <Measured version={v} metric={key} />,
    })),
    { id: "learner", head: "Made by", width: 170, cell: (v) => v.learner ?? v.user ?? "–" },
    { id: "data", head: "Data", width: 220, cell: (v) => <span title={v.data ?? undefined}><bdi>{v.data ?? "–"}</bdi></span> },
    { id: "created", head: "Created", width: 170, cell: (v) => <Moment ms={v.created_ms} /> },
  ], [view, picked, pick]);
  return (
    <VirtualTable label={`Versions of ${view.name}`} rows={view.versions} columns={columns} keyOf={(v) => String(v.version)} total={view.versions_in_all}
      onOpen={(v) => { void navigate({ to: versionAddress(view.name, v.version) }); }} save={() => savedVersions(view.name)} foot={`${plural(view.versions_in_all, "version")}`} />
  );
}

/** All versions with all of their metrics, page after page. */
async function savedVersions(name: string): Promise<SavedTable> {
  const all: Version[] = [];
  let before: number | undefined;
  do {
    const page = await fetchModel(name, before);
    all.push(...page.versions);
    before = page.next ?? undefined;
  } while (before !== undefined);
  const metrics = [...new Set(all.flatMap((v) => Object.keys(v.metrics ?? {})))].sort();
  return {
    head: ["version", "aliases", "gates_passed", "gates_failed", "gates_open", ...metrics.flatMap((key) => [key, `${key}_low`, `${key}_high`]), "learner", "user", "data", "created", "digest", "run_id"],
    rows: all.map((v) => [v.version, v.aliases.join("; "), v.gates?.pass, v.gates?.fail, v.gates?.pending,
      ...metrics.flatMap((key) => [v.metrics?.[key]?.value, v.metrics?.[key]?.low, v.metrics?.[key]?.high]), v.learner, v.user, v.data, instant(v.created_ms), v.digest, v.run_id]),
  };
}

function Gates({ version }: { version: Version }) {
  const gates = version.gates;
  if (!gates || gates.pass + gates.fail + gates.pending === 0) return <span className="muted">not judged</span>;
  if (gates.fail > 0) return <Status tone="bad">{`${gates.fail} of ${gates.pass + gates.fail + gates.pending} failed`}</Status>;
  if (gates.pending > 0) return <Status tone="open">{`${gates.pass} hold, ${gates.pending} open`}</Status>;
  return <Status tone="good">{gates.pass === 1 ? "the gate holds" : `all ${gates.pass} hold`}</Status>;
}

function Measured({ version, metric: key }: { version: Version; metric: string }) {
  const value = version.metrics?.[key];
  if (!known(value?.value)) return <>–</>;
  return <>{metric(value.value)} <span className="muted">{range(value)}</span></>;
}

function Deployments({ view }: { view: ModelView }) {
  if (view.deployments.length === 0) return <p className="muted">No version was deployed by a run of <code>quern run</code>.</p>;
  return (
    <DataTable label="Deployments" rows={view.deployments.slice(0, 20)} columns={[
      { head: "Version", cell: (d) => <Link to={versionAddress(view.name, d.version)}>v{d.version}</Link> },
      { head: "State", cell: (d) => <Status tone={toneOf(d.state)}>{d.state}</Status> },
      { head: "Since", cell: (d) => <Moment ms={d.changed_ms} ago /> },
      { head: "How it went", cell: (d) => <span className="prose">{d.detail}</span> },
    ]} />
  );
}
