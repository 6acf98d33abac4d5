import { Link } from "@tanstack/react-router";
import { capital, plural, seconds } from "../../parts/format";
import { Moment } from "../../parts/Moment";
import { Command } from "../../parts/States";
import { Status } from "../../parts/Status";
import { useOverview, type Overview, type Task } from "../api/native";
import { sourceAddress } from "../data/address";
import { firstRun } from "../experiments/ExperimentsPage";
import { asText, useSettings } from "../search";
import { PageHead } from "../shell/PageHead";
import { Loaded } from "../views/Loaded";
import { PHASE_PAGE } from "../views/phases";
import { Cycle } from "./Cycle";
import "../views/views.css";
import "./home.css";

export default function HomePage() {
  const [settings, change] = useSettings<{ project: string }>();
  const project = asText(settings.project);
  const found = useOverview(project || undefined);
  const names = found.data?.projects ?? [];
  return (
    <>
      <PageHead title={found.data?.project ?? "Home"} name={found.data?.project ? <bdi>{found.data.project}</bdi> : "Welcome"} tools={names.length > 1 && (
        <label className="labelled">Project
          <select className="field" value={found.data?.project ?? ""} onChange={(event) => change({ project: event.target.value })}>
            {names.map((name) => <option key={name} value={name}>{name}</option>)}
          </select>
        </label>
      )}>{found.data?.run && <RunLine view={found.data} />}</PageHead>
      <Loaded query={found}>{(view) => (view.run ? <Standing view={view} /> : <Newcomer view={view} />)}</Loaded>
    </>
  );
}

function RunLine({ view }: { view: Overview }) {
  const run = view.run;
  if (!run) return null;
  const stale = view.plan.stale ?? 0;
  return (
    <p className="page-lead">
      {run.state === "RUNNING" ? <>A run is at work since <Moment ms={run.start_ms} ago /></>
        : <>The last run {run.state === "FINISHED" ? "finished" : run.state === "FAILED" ? "failed" : "was interrupted"} <Moment ms={run.end_ms ?? run.start_ms} ago /></>}
      {run.end_ms !== null && ` after ${seconds((run.end_ms - run.start_ms) / 1000)}`}:{" "}
      <Link to={`/pipeline/${run.id}`}>{run.summary || "its steps"}</Link>.{" "}
      {view.plan.known ? (stale === 0 ? "Nothing has changed since." : `${plural(stale, "step")} would run again now.`)
        : <span className="muted">{capital(view.plan.why ?? "")}.</span>}
    </p>
  );
}

function Standing({ view }: { view: Overview }) {
  return (
    <>
      <Cycle phases={view.phases} />
      <h2 className="section-title">Who must act</h2>
      {view.tasks.length === 0 ? <p className="muted">Nobody: everything is up to date and holds.</p> : <Tasks tasks={view.tasks} />}
    </>
  );
}

const URGENCY = { now: ["bad", "now"], soon: ["new", "soon"], later: ["open", "when there is time"] } as const;

function Tasks({ tasks }: { tasks: readonly Task[] }) {
  const roles = [...new Set(tasks.map((task) => task.role))];
  return (
    <div className="tasks">
      {roles.map((role) => {
        const mine = tasks.filter((task) => task.role === role);
        return (
          <section key={role} className="card" aria-label={role}>
            <header><h3>{capital(role)}</h3></header>
            {mine[0]?.who && <p className="muted"><bdi>{mine[0].who}</bdi></p>}
            <ul className="task-list">
              {mine.map((task) => (
                <li key={task.step}>
                  <Status tone={URGENCY[task.urgency][0]}>{URGENCY[task.urgency][1]}</Status>
                  <Link to={pageOf(task).to} search={pageOf(task).search as never} title={task.text}><bdi>{short(task.text)}</bdi></Link>
                  {task.command && <code>{task.command}</code>}
                </li>
              ))}
            </ul>
          </section>
        );
      })}
    </div>
  );
}

/** Where what is to be looked at stands: the source of "validate:va", the batch of "monitor:va". */
function pageOf(task: Task): { to: string; search: Record<string, string> } {
  const [kind = "", name = ""] = task.step.split(/:(.*)/s);
  if (name && (kind === "ingest" || kind === "validate" || kind === "explore")) return { to: sourceAddress(name), search: {} };
  if (name && (kind === "monitor" || kind === "retrain")) return { to: "/monitoring", search: { batch: name } };
  return { to: PHASE_PAGE[task.phase] ?? "/pipeline", search: {} };
}

/** The first thought of a long message; the page behind it has the whole. */
function short(text: string): string {
  const most = 180;
  if (text.length <= most) return text;
  const end = Math.max(text.lastIndexOf("; ", most), text.lastIndexOf(": ", most));
  return `${text.slice(0, end > 60 ? end : most)} …`;
}

function Newcomer({ view }: { view: Overview }) {
  return (
    <div className="welcome">
      <p className="page-lead">Nothing of a project’s life cycle is in this store yet. Two ways to a first run; each works as it stands.</p>
      <div className="two">
        <section className="panel">
          <h3>The whole life cycle of a model from one file</h3>
          <p className="lead">A table and the column to foretell are enough to begin: quern.yaml is written, and this page shows what its run leaves.</p>
          <Command text={wholeCycle()} />
        </section>
        <section className="panel">
          <h3>Track what you train already</h3>
          <p className="lead">MLflow’s own client, pointed here. {view.store.runs && <Link to="/experiments">Runs are here already.</Link>}</p>
          <Command text={firstRun()} />
        </section>
      </div>
    </div>
  );
}

function wholeCycle(): string {
  return `python3 - <<'PY'
import random
random.seed(7)
with open("visits.csv", "w") as f:
    f.write("age,dose,site,ill\\n")
    for _ in range(400):
        age, dose, site = random.randint(20, 80), random.random() * 10, random.choice("ABC")
        f.write(f"{age},{dose:.2f},{site},{int(age / 8 + dose + random.gauss(0, 3) > 12)}\\n")
PY
quern init first --data visits.csv --target ill
quern run first
quern server --root first --port 5001     # then open http://127.0.0.1:5001`;
}
