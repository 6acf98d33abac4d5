import { Link, useParams } from "@tanstack/react-router";
import { bytes, known, metric, num, plain, plural, range, signed } from "../../parts/format";
import { DataTable } from "../../parts/DataTable";
import { GateList } from "../../parts/GateList";
import { IntervalList } from "../../parts/IntervalList";
import { Fold, Panel } from "../../parts/Layout";
import { Lineage } from "../../parts/Lineage";
import { Moment } from "../../parts/Moment";
import { Command } from "../../parts/States";
import { Status, toneOf } from "../../parts/Status";
import { lowerIsBetter, metricMeaning, metricName, modelName } from "../../parts/words";
import { useVersion, type Contest, type VersionView } from "../api/native";
import { PageHead } from "../shell/PageHead";
import { Loaded } from "../views/Loaded";
import { modelAddress } from "./addresses";
import { AliasNames } from "./Aliases";
import { ChangeLog } from "./ChangeLog";
import "../../parts/chapters.css";
import "../views/views.css";

export default function VersionPage() {
  const { name = "", version = "" } = useParams({ strict: false });
  const found = useVersion(name, version);
  const number = found.data?.version ?? version;
  return (
    <>
      <PageHead title={`${name} v${number}`} name={<><bdi>{name}</bdi> version {number}</>}
        above={<><Link to="/models">Models</Link> › <Link to={modelAddress(name)}><bdi>{name}</bdi></Link></>}>
        {found.data && <p className="page-lead"><AliasNames aliases={found.data.aliases} /> {conclude(found.data)}</p>}
      </PageHead>
      <Loaded query={found}>{(view) => <Version view={view} />}</Loaded>
    </>
  );
}

function conclude(view: VersionView): string {
  const failed = view.gates.filter((g) => g.status === "fail").length;
  const judged = view.gates.length === 0 ? "No gate has judged it"
    : failed > 0 ? `${failed} of ${plural(view.gates.length, "gate")} failed` : view.gates.some((g) => g.status === "pending")
      ? "Its gates hold as far as they were measured" : `${view.gates.length === 1 ? "Its gate holds" : `All ${view.gates.length} gates hold`}`;
  const live = view.deployments.find((d) => d.state === "live");
  return `${view.card?.learner ? `${modelName(view.card.learner)}. ` : ""}${judged}; ${live ? "it is live" : view.deployments.length > 0
    ? `its last deployment is ${view.deployments[0]?.state ?? "unknown"}` : "it was not deployed by a run"}${
    view.served ? `, and has answered ${plural(view.served.predictions, "time")}${view.served.more ? " and more" : ""}` : ""}.`;
}

function Version({ view }: { view: VersionView }) {
  const metrics = view.card?.metrics ?? view.metrics;
  return (
    <>
      <div className="two">
        <div className="stack">
          <Panel title="Gates" lead="What it had to reach before it was promoted, and what was measured.">
            {view.gates.length > 0 ? <GateList gates={view.gates} /> : <p className="muted">No gate has judged this version.</p>}
            {view.contests.map((contest) => <Won key={contest.step} contest={contest} />)}
          </Panel>
          <Panel title="Facts"><Facts view={view} /></Panel>
        </div>
        <Panel title="Metrics" lead="On rows that no fit has seen, with 95 % intervals."><Metrics metrics={metrics} task={view.card?.task} /></Panel>
      </div>
      <Panel title="How to call it" wide>
        <div className="snippets">
          {view.snippets.map((snippet) => <section key={snippet.title}><h4 className="sub">{snippet.title}</h4><Command text={snippet.code} /></section>)}
        </div>
      </Panel>
      <div className="two">
        <Panel title="What it takes"><Schema view={view} /></Panel>
        <Panel title="Changes of this version"><ChangeLog name={view.name} log={view.log} /></Panel>
      </div>
      {view.lineage && (
        <Panel title="Where it came from and where it went" wide lead="From source to decision.">
          <LineagePicture view={view} />
        </Panel>
      )}
    </>
  );
}

function LineagePicture({ view }: { view: VersionView }) {
  return (
    <>
      <Lineage graph={view.lineage ?? {}} picked={`model_version:${view.name}/${view.version}`} />
      <p className="caption"><Link to="/lineage" search={{ node: `model_version:${view.name}/${view.version}` } as never}>Walk the lineage</Link></p>
    </>
  );
}

function Metrics({ metrics, task }: { metrics: VersionView["metrics"]; task: string | null | undefined }) {
  const keys = Object.keys(metrics ?? {});
  if (keys.length === 0) return <p className="muted">None were measured by a run of <code>quern run</code>; those that were logged stand with its run.</p>;
  const unit = keys.every((k) => (metrics?.[k]?.high ?? metrics?.[k]?.value ?? 0) <= 1 && (metrics?.[k]?.low ?? metrics?.[k]?.value ?? 0) >= 0);
  return (
    <IntervalList separate={!unit} items={keys.map((key) => ({ label: metricName(key), note: metricMeaning(key, task ?? undefined), interval: metrics?.[key] ?? null }))} />
  );
}

function Won({ contest: c }: { contest: Contest }) {
  return (
    <>
      <h4 className="sub">Against version {c.before?.version ?? "?"}, after {c.batch ?? "a batch"}</h4>
      <p><Status tone={c.candidate.accepted ? "good" : "open"}>{c.candidate.accepted ? "accepted" : "not accepted"}</Status> {c.candidate.reason}</p>
      <IntervalList items={[
        { label: `version ${c.before?.version ?? "?"}`, note: "the champion then", interval: c.before?.value ?? null },
        { label: "this version", note: c.candidate.data ?? "", interval: c.candidate.value, color: "new" },
      ]} />
      <p className="caption">{metricName(c.metric)} on {plural(c.rows, "recent row")}{lowerIsBetter(c.metric) ? "; lower is better" : ""}. Gain {signed(c.candidate.difference.value)} ({
        range(c.candidate.difference, (x) => signed(x))}).</p>
    </>
  );
}

function Schema({ view }: { view: VersionView }) {
  const card = view.card;
  if (!card) return <p className="muted">{view.card_missing ?? "Not known."}</p>;
  return (
    <>
      <DataTable label="Inputs" rows={card.inputs ?? []} columns={[
        { head: "Column", cell: (input) => <bdi>{input.name}</bdi> },
        { head: "Type", cell: (input) => input.type },
        { head: "Example", cell: (input) => <code>{plain(view.example?.[input.name])}</code> },
      ]} />
      {(card.derived?.length ?? 0) > 0 && (
        <Fold summary={`${plural(card.derived?.length, "derived column")}, ${plural(card.features?.length, "feature")}`}>
          <dl className="facts">{card.derived?.map((d) => <div key={d.name}><dt>{d.name}</dt><dd><code>{d.expression}</code></dd></div>)}</dl>
          <p className="caption">{card.features?.join(", ")}</p>
        </Fold>
      )}
    </>
  );
}

function Facts({ view }: { view: VersionView }) {
  const card = view.card;
  const params = Object.entries(card?.params ?? {});
  return (
    <>
      <dl className="facts">
        <div><dt>Registered</dt><dd><Moment ms={view.created_ms} />{view.user && <> by <bdi>{view.user}</bdi></>}</dd></div>
        {view.run_id && <div><dt>Run</dt><dd>{view.experiment_id ? <Link to={`/experiments/${view.experiment_id}/runs/${view.run_id}`}><code>{view.run_id}</code></Link>
          : <code>{view.run_id}</code>}</dd></div>}
        {view.data && <div><dt>Data</dt><dd><bdi>{view.data}</bdi></dd></div>}
        {card && <div><dt>Answers</dt><dd>{card.classes?.length ? `${card.classes.join(", ")}${card.positive ? `; ${card.positive} is positive` : ""}` : "a number"}{
          known(card.threshold) ? `, from a score of ${num(card.threshold)}` : ""}</dd></div>}
        {card && <div><dt>Size</dt><dd>{bytes(card.bytes)}</dd></div>}
        {view.source && <div><dt>Source</dt><dd><code>{view.source}</code></dd></div>}
        {view.digest && <div><dt>Digest</dt><dd><code>{view.digest}</code></dd></div>}
        <div><dt>Deployed</dt><dd>{view.deployments.length === 0 ? <span className="muted">not by a run</span> : view.deployments.map((d) => (
          <span key={d.id}><Status tone={toneOf(d.state)}>{d.state}</Status> since <Moment ms={d.changed_ms} />{" "}</span>))}</dd></div>
      </dl>
      {params.length > 0 && (
        <Fold summary={`${plural(params.length, "parameter")} of ${modelName(card?.learner ?? "")}`}>
          <dl className="facts">{params.map(([key, value]) => <div key={key}><dt>{key}</dt><dd>{typeof value === "number" ? metric(value) : plain(value)}</dd></div>)}</dl>
        </Fold>
      )}
      {Object.keys(view.tags).length > 0 && (
        <Fold summary={plural(Object.keys(view.tags).length, "tag")}>
          <dl className="facts">{Object.entries(view.tags).map(([key, value]) => <div key={key}><dt><bdi>{key}</bdi></dt><dd dir="auto">{value.length > 300 ? `${value.slice(0, 300)}…` : value}</dd></div>)}</dl>
        </Fold>
      )}
    </>
  );
}
