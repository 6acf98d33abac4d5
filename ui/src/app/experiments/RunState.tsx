import { Status, type Tone } from "../../parts/Status";
import type { RunStatus } from "../api/mlflow";

const STATES: Record<RunStatus, [Tone, string, string]> = {
  FINISHED: ["good", "finished", "✓"], FAILED: ["bad", "failed", "✕"], KILLED: ["bad", "killed", "✕"],
  RUNNING: ["known", "running", "●"], SCHEDULED: ["open", "scheduled", "○"],
};

/** `bare`: the sign alone, for rows; what is finished needs none. */
export function RunState({ status, bare = false }: { status: RunStatus; bare?: boolean }) {
  const [tone, word, sign] = STATES[status] ?? ["open", String(status).toLowerCase(), "○"];
  if (!bare) return <Status tone={tone}>{word}</Status>;
  if (status === "FINISHED") return null;
  return <span className={`state-sign sign-${tone}`} title={word}><span aria-hidden="true">{sign}</span><span className="unseen">{word}</span></span>;
}
