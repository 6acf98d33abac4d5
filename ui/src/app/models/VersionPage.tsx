import { Link, useParams } from "@tanstack/react-router";
import { plural } from "../../parts/format";
import { GateList } from "../../parts/GateList";
import { Panel } from "../../parts/Layout";
import { Lineage } from "../../parts/Lineage";
import { Command } from "../../parts/States";
import { modelName } from "../../parts/words";
import { useVersion, type VersionView } from "../api/native";
import { PageHead } from "../shell/PageHead";
import { Loaded } from "../views/Loaded";
import { modelAddress } from "./addresses";
import { AliasNames } from "./Aliases";
import { ChangeLog } from "./ChangeLog";
import { ModelCard } from "./ModelCard";
import { Reviews } from "./Reviews";
import { Description } from "./TextOrders";
import { VersionOrders } from "./VersionOrders";
import { Facts, Metrics, Schema, Won } from "./VersionParts";
import "../../parts/chapters.css";
import "../views/views.css";
import "./models.css";

export default function VersionPage() {
  const { name = "", version = "" } = useParams({ strict: false });
  const found = useVersion(name, version);
  const number = found.data?.version ?? version;
  return (
    <>
      <PageHead title={`${name} v${number}`} name={<><bdi>{name}</bdi> version {number}</>}
        above={<><Link to="/models">Models</Link> › <Link to={modelAddress(name)}><bdi>{name}</bdi></Link></>}
        tools={found.data && <VersionOrders view={found.data} />}>
        {found.data && <p className="page-lead"><AliasNames aliases={found.data.aliases} /> {conclude(found.data)}</p>}
        {found.data && <Description of={{ name: found.data.name, version: found.data.version }} text={found.data.description} />}
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
        <div className="stack">
          <Panel title="What its aliases ask for" lead="An alias moves to this version when its gate is open, by whatever way it is moved."><Reviews view={view} /></Panel>
          <Panel title="Metrics" lead="On rows that no fit has seen, with 95 % intervals."><Metrics metrics={metrics} task={view.card?.task} /></Panel>
        </div>
      </div>
      <Panel title="Model card" wide><ModelCard name={view.name} version={view.version} /></Panel>
      <Panel title="How to call it" wide>
        <div className="snippets">
          {view.snippets.map((snippet) => <section key={snippet.title}><h4 className="sub">{snippet.title}</h4><Command text={snippet.code} /></section>)}
        </div>
      </Panel>
      <div className="two">
        <Panel title="What it takes"><Schema view={view} /></Panel>
        <Panel title="Changes of this version"><ChangeLog name={view.name} log={view.log} inAll={view.log_in_all} what={`${view.name} version ${view.version}`} /></Panel>
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
