import type { Step } from "./document";
import { seconds } from "./format";
import { Status, toneOf } from "./Status";
import { DataTable } from "./DataTable";

/** The steps of a run, their states, and the time of each as a bar. */
export function StepList({ steps }: { steps: readonly Step[] }) {
  const longest = Math.max(1e-9, ...steps.map((s) => s.seconds ?? 0));
  return (
    <DataTable label="Steps of the run" rows={steps} columns={[
      { head: "Step", cell: (s) => s.id },
      { head: "State", cell: (s) => <Status tone={toneOf(s.state)}>{s.state ?? "unknown"}</Status> },
      { head: "Time", numeric: true, cell: (s) => seconds(s.seconds), value: (s) => s.seconds, unit: "seconds" },
      { head: "", cell: (s) => <span className="time-rail" aria-hidden="true"><span style={{ width: `${((s.seconds ?? 0) / longest) * 100}%` }} /></span> },
      { head: "Why", cell: (s) => <span className="muted prose">{s.reason ?? ""}</span> },
    ]} />
  );
}
