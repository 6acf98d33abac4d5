import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { DataTable } from "../../parts/DataTable";
import { GateList } from "../../parts/GateList";
import { plural, seconds } from "../../parts/format";
import { Panel } from "../../parts/Layout";
import { Moment } from "../../parts/Moment";
import { Command, Nothing } from "../../parts/States";
import { Status, toneOf, type Tone } from "../../parts/Status";
import { useOverview, usePipelineRun, usePipelineRuns, type PipelineRun, type RunStep } from "../api/native";
import { asText, useSettings } from "../search";
import { PageHead } from "../shell/PageHead";
import { Loaded } from "../views/Loaded";
import { STATE } from "../views/phases";
import { Flow } from "./Flow";
import { RunAgain } from "./RunAgain";
import "../../parts/chapters.css";
import "../views/views.css";
import "./pipeline.css";

const RUN: Record<string, readonly [Tone, string]> = {
  RUNNING: ["known", "running"], FINISHED: ["good", "finished"], FAILED: ["bad", "failed"], KILLED: ["open", "interrupted"],
};

/** What `--force` takes. */
const PHASES = ["ingest", "validate", "explore", "train", "evaluate", "register", "deploy", "monitor", "retrain", "report"];

export default function PipelinePage() {
  const { runId = "" } = useParams({ strict: false });
  const runs = usePipelineRuns();
  const id = runId || runs.data?.runs[0]?.id || "";
  const found = usePipelineRun(id);
  const now = useOverview();
  const latest = id !== "" && id === runs.data?.runs[0]?.id;
  const none = runs.data?.runs.length === 0 && runId === "";
  return (
    <>
      <PageHead title="Pipeline">
        {found.data && !none && <p className="page-lead"><Conclusion run={found.data.run} steps={found.data.steps} /></p>}
        {runs.data && <RunAgain plan={now.data?.plan} phases={PHASES} busy={runs.data.runs.some((run) => run.state === "RUNNING")} project={found.data?.run.project ?? ""} />}
      </PageHead>
      {none ? <None /> : (
        <>
          {(runs.isError || id !== "") && (
            <Loaded query={found}>{(view) => <Steps key={view.run.id} steps={withNow(view.steps, latest ? now.data?.steps : undefined)} />}</Loaded>
          )}
          <Loaded query={runs}>{(view) => <Runs runs={view.runs} at={id} />}</Loaded>
        </>
      )}
    </>
  );
}

/** Of the last run each step's standing today: what has changed since shows. */
function withNow(steps: readonly RunStep[], today: readonly RunStep[] | undefined): RunStep[] {
  return steps.filter((step) => step.phase !== "report").map((step) => ({ ...step, now: today?.find((other) => other.id === step.id)?.now }));
}

function Conclusion({ run, steps }: { run: PipelineRun; steps: readonly RunStep[] }) {
  const [tone, word] = RUN[run.state] ?? ["open" as Tone, run.state];
  const work = steps.reduce((sum, step) => sum + step.seconds, 0);
  return (
    <>
      <Status tone={tone}>{word}</Status> Run of <bdi>{run.project}</bdi>, begun <Moment ms={run.start_ms} />
      {run.end_ms !== null && `, ${seconds((run.end_ms - run.start_ms) / 1000)} long`}: {plural(steps.length, "step")}, {seconds(work)} of work. {run.summary && <span className="muted">{run.summary}.</span>}
    </>
  );
}

function Steps({ steps }: { steps: readonly RunStep[] }) {
  const [settings, change] = useSettings<{ step: string }>();
  const picked = steps.find((step) => step.id === asText(settings.step));
  return (
    <>
      <Panel title="Steps in their order" wide lead="Each box is a step; what stands to the left of it came first. Pick one to see why it ran and what it found.">
        <Flow steps={steps} picked={picked?.id ?? ""} onPick={(id) => change({ step: id === picked?.id ? undefined : id }, { replace: true })} />
      </Panel>
      {picked && <OneStep step={picked} />}
      <details className="fold">
        <summary>All steps as a table</summary>
        <div className="fold-body"><Table steps={steps} /></div>
      </details>
    </>
  );
}

function OneStep({ step }: { step: RunStep }) {
  const today = step.now && step.now !== "fresh" ? STATE[step.now] : null;
  return (
    <Panel title={step.id} wide lead={<><Status tone={toneOf(step.state)}>{step.state}</Status> {step.message}</>}>
      <dl className="facts">
        <div><dt>Why</dt><dd>{why(step)}</dd></div>
        <div><dt>Took</dt><dd>{seconds(step.seconds)}</dd></div>
        {step.finished_ms !== null && <div><dt>Result of</dt><dd><Moment ms={step.finished_ms} /></dd></div>}
        {today && <div><dt>Today</dt><dd><Status tone={today.tone}>{today.word}</Status> {today.means}</dd></div>}
      </dl>
      {(step.gates?.length ?? 0) > 0 && <><h4 className="sub">Gates</h4><GateList gates={step.gates ?? []} /></>}
    </Panel>
  );
}

/** "input:a.csv" is a digest that changed; the plan's words for the rest are plain. */
function why(step: RunStep): string {
  if (step.state === "cached") return "nothing that it depends on had changed: the earlier result was taken";
  if (step.state === "skipped" || step.state === "failed") return step.reason;
  if (step.reason === "new") return "it had never run before";
  if (step.reason === "forced") return "it was asked for";
  if (step.reason === "missing output") return "its files were gone";
  return `changed: ${step.reason.replace(/\b(input|param|upstream|code):/g, (_, kind: string) => ({ input: "file ", param: "setting ", upstream: "result of ", code: "program of " })[kind] ?? "")}`;
}

function Table({ steps }: { steps: readonly RunStep[] }) {
  return (
    <DataTable label="Steps" rows={steps} columns={[
      { head: "Step", cell: (s) => s.id },
      { head: "State", cell: (s) => <Status tone={toneOf(s.state)}>{s.state}</Status> },
      { head: "Took", numeric: true, cell: (s) => seconds(s.seconds), value: (s) => s.seconds, unit: "seconds" },
      { head: "Why", cell: (s) => <span className="prose">{why(s)}</span> },
      { head: "What it found", cell: (s) => <span className="prose">{s.message}</span> },
    ]} />
  );
}

function Runs({ runs, at }: { runs: readonly (PipelineRun & { states: Record<string, number> })[]; at: string }) {
  const navigate = useNavigate();
  const words = useMemo(() => ["done", "cached", "skipped", "failed", "running"], []);
  return (
    <Panel title="Runs" wide>
      <DataTable label="Runs of the pipeline" rows={runs} emphasize={(run) => run.id === at} columns={[
        { head: "Begun", cell: (run) => <button type="button" className="quiet" onClick={() => { void navigate({ to: `/pipeline/${run.id}` }); }}><Moment ms={run.start_ms} /></button> },
        { head: "Project", cell: (run) => <bdi>{run.project}</bdi> },
        { head: "State", cell: (run) => <Status tone={RUN[run.state]?.[0] ?? "open"}>{RUN[run.state]?.[1] ?? run.state}</Status> },
        { head: "Long", numeric: true, cell: (run) => seconds(run.end_ms === null ? null : (run.end_ms - run.start_ms) / 1000), value: (run) => run.end_ms === null ? null : (run.end_ms - run.start_ms) / 1000, unit: "seconds" },
        { head: "Steps", cell: (run) => words.filter((word) => run.states[word]).map((word) => `${run.states[word]} ${word}`).join(", ") },
        { head: "Outcome", cell: (run) => <span className="prose">{run.summary}</span> },
      ]} />
    </Panel>
  );
}

function None() {
  return (
    <Nothing title="Nothing has run yet">
      <p>A project’s file is a graph of steps; a run does those that are not up to date. In the folder that holds quern.yaml:</p>
      <Command text={"quern plan .\nquern run ."} />
      <p><Link to="/">How to get a first run in, from nothing</Link></p>
    </Nothing>
  );
}
