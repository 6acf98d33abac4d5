import { useState } from "react";
import { plural } from "../../parts/format";
import { Fold } from "../../parts/Layout";
import { Moment } from "../../parts/Moment";
import { OrderDialog } from "../../parts/OrderDialog";
import { Status, type Tone } from "../../parts/Status";
import type { Plan } from "../api/native";
import { useOrderer } from "../api/orderer";
import { cancelRun, startRun, useRunControl, type PageRun } from "../api/pipelineRun";
import { RunLog } from "./RunLog";

/** Starts and cancels `quern run` of the project beside the store; says why where that cannot be. `busy`: by the store a run is under way, whoever started it;
 *  one that was killed is told from it by the server, when it is asked to start another. */
export function RunAgain({ plan, phases, busy, project }: { plan: Plan | undefined; phases: readonly string[]; busy: boolean; project: string }) {
  const [open, setOpen] = useState<"" | "start" | "cancel">("");
  const control = useRunControl();
  if (!control.data) return null;
  const { run, allowed, why } = control.data;
  const running = run !== null && run.end_ms === null;
  // A store may hold runs of other projects too.
  if (project !== "" && control.data.project !== null && control.data.project !== project) {
    return <p className="muted">Runs of <bdi>{control.data.project}</bdi> can be started here; this one is of <bdi>{project}</bdi>.</p>;
  }
  const close = () => setOpen("");
  return (
    <div className="run-again">
      <div className="actions">
        {allowed && !running && <button type="button" className="button is-main" onClick={() => setOpen("start")}>Run again…</button>}
        {running && <button type="button" className="button is-grave" onClick={() => setOpen("cancel")}>Cancel the run…</button>}
        {busy && !running && <span className="muted">The newest run was not started here: Ctrl-C ends it where it runs.</span>}
        {!allowed && why && <span className="muted" dir="auto">{why}</span>}
      </div>
      {run && <Started run={run} />}
      {open === "start" && <Start project={control.data.project ?? ""} plan={plan} phases={phases} close={close} />}
      {open === "cancel" && <Cancel close={close} />}
    </div>
  );
}

function Cancel({ close }: { close: () => void }) {
  return <OrderDialog title="Cancel the run" does="Cancel the run" grave orderer={useOrderer()} close={close} order={cancelRun}
    says="The run ends as by Ctrl-C: what has finished stays and is not done again, what is under way is given up." />;
}

function Start({ project, plan, phases, close }: { project: string; plan: Plan | undefined; phases: readonly string[]; close: () => void }) {
  const [force, setForce] = useState("");
  const stale = plan?.known ? (plan.stale ?? 0) : null;
  const what = stale === null ? "What is not up to date runs" : stale === 0 ? "All is up to date" : `${plural(stale, "step")} and what depends on them run`;
  return (
    <OrderDialog title={`Run ${project}`} does="Run" orderer={useOrderer()} close={close} order={() => startRun(force === "" ? [] : [force])}
      says={`${force === "" ? what : `The steps of ${force} run although they are up to date, and what depends on them`}: the server starts quern run in the folder of ${project}, on its own machine.`}>
      <label className="labelled">Also run again, although it is up to date
        <select className="field" value={force} onChange={(event) => setForce(event.target.value)}>
          <option value="">nothing</option>
          {phases.map((phase) => <option key={phase} value={phase}>{phase}</option>)}
        </select>
      </label>
    </OrderDialog>
  );
}

/** What an exit code of `quern run` says: docs/guide.md lists them. */
function ended(run: PageRun): readonly [Tone, string] {
  if (run.end_ms === null) return ["known", run.cancelled_by ? "is being cancelled" : "is running"];
  switch (run.exit_code) {
    case 0: return ["good", "finished"];
    case 3: return ["bad", "finished; a gate failed"];
    case 4: return ["bad", "ended: a check of the data failed"];
    case 5: return ["open", "did not begin: another run of the project was under way"];
    case 130: return ["open", "was cancelled"];
    default: return ["bad", `failed with exit code ${run.exit_code ?? ""}`];
  }
}

function Started({ run }: { run: PageRun }) {
  const [tone, word] = ended(run);
  const log = <RunLog text={run.log} live={run.end_ms === null} />;
  return (
    <section aria-label="The run that was started here">
      <p className="run-said"><Status tone={tone}>{word}</Status> The run that <bdi>{run.actor}</bdi> started here <Moment ms={run.since_ms} ago />{run.cancelled_by && <>; cancelled by <bdi>{run.cancelled_by}</bdi></>}.</p>
      {run.end_ms === null || tone === "bad" ? log : <Fold summary="What it printed">{log}</Fold>}
    </section>
  );
}
