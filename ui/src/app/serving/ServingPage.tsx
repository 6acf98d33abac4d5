import { Link } from "@tanstack/react-router";
import { DataTable } from "../../parts/DataTable";
import { count, num, plural } from "../../parts/format";
import { Panel } from "../../parts/Layout";
import { Moment } from "../../parts/Moment";
import { Command, Nothing } from "../../parts/States";
import { Status, toneOf } from "../../parts/Status";
import { useServing, type ServingView } from "../api/native";
import { versionAddress } from "../models/addresses";
import { asText, useSettings } from "../search";
import { PageHead } from "../shell/PageHead";
import { Loaded } from "../views/Loaded";
import { useModelServers } from "../api/serving";
import { BeginRelease } from "./BeginRelease";
import { ModelServers } from "./ModelServers";
import { phaseTone, phaseWords } from "./releaseWords";
import { Traffic } from "./Traffic";
import { TryIt } from "./TryIt";
import "../views/views.css";

export default function ServingPage() {
  const [settings, change] = useSettings<{ model: string; span: string }>();
  const found = useServing();
  const live = useModelServers();
  const servers = live.data?.servers ?? [];
  const models = [...new Set((found.data?.versions ?? []).map((v) => v.model))];
  const model = models.find((m) => m === asText(settings.model)) ?? models[0] ?? "";
  return (
    <>
      <PageHead title="Serving">{found.data && !isEmpty(found.data) && <p className="page-lead">{conclude(found.data)}</p>}</PageHead>
      <Loaded query={found}>{(view) => (isEmpty(view) && servers.length === 0 ? <None /> : (
        <>
          {live.data && <ModelServers servers={servers} at={live.data.now_ms} live={view.deployments.find((d) => d.state === "live")} />}
          <Releases view={view} />
          <TryIt servers={servers} />
          <Deployed view={view} />
          {model !== "" && (
            <Traffic models={models} model={model} span={asText(settings.span)} pick={(next) => change(next)} served={view.versions.filter((v) => v.model === model)} />
          )}
        </>
      ))}</Loaded>
    </>
  );
}

const isEmpty = (view: ServingView) => view.deployments.length + view.versions.length + view.releases.length === 0;

function conclude(view: ServingView): string {
  const live = view.deployments.filter((d) => d.state === "live").map((d) => `${d.name} version ${d.version}`);
  // A promoted one is only held for a while, so that the old version can come back.
  const open = view.releases.filter((r) => r.ended_ms === 0);
  const answers = view.versions.reduce((sum, v) => sum + v.predictions, 0);
  return `${live.length > 0 ? `${live.slice(0, 3).join(", ")} ${live.length === 1 ? "is" : "are"} live` : "Nothing was left live by a run"}; ${
    open.length > 0 ? `${plural(open.length, "release")} under way` : "no release is under way"}; ${answers === 0 ? "no prediction is logged"
    : `${count(answers)}${view.versions.some((v) => v.more) ? " and more" : ""} predictions are logged`}.`;
}

function Deployed({ view }: { view: ServingView }) {
  const shown = view.deployments.filter((d) => d.state === "live").concat(view.deployments.filter((d) => d.state !== "live")).slice(0, 12);
  if (shown.length === 0) return null;
  return (
    <Panel title="What runs put into service" wide>
      <DataTable label="Deployments" rows={shown} columns={[
        { head: "Model", cell: (d) => <Link to={versionAddress(d.name, d.version)}><bdi>{d.name}</bdi> v{d.version}</Link> },
        { head: "State", cell: (d) => <Status tone={toneOf(d.state)}>{d.state}</Status> },
        { head: "Since", cell: (d) => <Moment ms={d.changed_ms} /> },
        { head: "Tests before it went live", cell: (d) => <span className="prose">{d.detail}</span> },
      ]} />
    </Panel>
  );
}

function Releases({ view }: { view: ServingView }) {
  const { releases } = view;
  if (releases.length === 0) {
    return (
      <Panel title="Releases" wide>
        <p className="muted">No version has taken over from another by a release yet: <code>deployment: strategy:</code> of quern.yaml, or <code>quern deploy</code> beside a
          running <code>quern serve</code>, begins one.</p>
        <BeginRelease view={view} />
      </Panel>
    );
  }
  return (
    <Panel title="Releases" wide lead="How versions took over from each other; each with its evidence.">
      <DataTable label="Releases" rows={releases} columns={[
        { head: "Release", cell: (r) => <Link to={`/serving/releases/${encodeURIComponent(r.id)}`}><bdi>{r.model}</bdi>: v{r.stable} → {r.candidates.map((c) => `v${c.version}`).join(", ")}</Link> },
        { head: "How", cell: (r) => r.strategy.strategy.replace("_", " ") },
        { head: "State", cell: (r) => <Status tone={phaseTone(r.phase)}>{phaseWords(r.phase)}</Status> },
        { head: "Share of the candidate", numeric: true, cell: (r) => r.candidates.map((c) => `${num(c.weight)} %`).join(", ") },
        { head: "Begun", cell: (r) => <Moment ms={r.created_ms} /> },
        { head: "Ended", cell: (r) => (r.ended_ms > 0 ? <Moment ms={r.ended_ms} /> : "–") },
      ]} />
      <BeginRelease view={view} />
    </Panel>
  );
}

function None() {
  return (
    <Nothing title="Nothing is served yet">
      <p><code>quern run</code> deploys the champion and tests it. A model server beside this store logs what it answers:</p>
      <Command text="quern serve heart@champion --port 8080" />
      <p>Each version’s page on <Link to="/models">Models</Link> has calls that run as they stand.</p>
    </Nothing>
  );
}
