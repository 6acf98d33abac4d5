import { oneDecision } from "./conclude";
import { DataTable } from "./DataTable";
import type { Retrain } from "./document";
import { count, known, metric, plural, pValue, range, signed } from "./format";
import { IntervalList } from "./IntervalList";
import { Legend, Panel } from "./Layout";
import { Status, toneOf } from "./Status";
import { lowerIsBetter, metricName, spoken } from "./words";

/** Whether a batch called for retraining, who competed, and what was decided, with the evidence. */
export function DecisionPanel({ retrain: r, at }: { retrain: Retrain; at?: number }) {
  const action = r.decision?.action;
  const state = r.trigger?.state ?? "undecided";
  return (
    <Panel wide title={`${at === undefined ? "" : `${at + 1}. `}After ${r.batch}`} lead={
      <><Status tone={toneOf(action)}>{action === "promote" ? "promoted" : action === "keep" ? "kept" : "no decision"}</Status> {oneDecision(r)}</>
    }>
      <ul className="conditions">
        <li><Status tone={toneOf(state)}>{`trigger ${spoken(state)}`}</Status></li>
        {r.trigger?.conditions?.map((c) => (
          <li key={c.when}><b>{spoken(c.when)}</b>: {spoken(c.state ?? "undecided")}{c.reason ? ` (${c.reason})` : ""}</li>
        ))}
      </ul>
      {(r.candidates?.length ?? 0) > 0 ? <Evidence retrain={r} /> : <p className="muted">No candidate was trained.</p>}
    </Panel>
  );
}

function Evidence({ retrain: r }: { retrain: Retrain }) {
  const candidates = r.candidates ?? [];
  return (
    <>
      <p className="caption">{metricName(r.metric)} on {plural(r.holdout_rows, "recent row")} that none of them was fitted on{lowerIsBetter(r.metric) ? "; lower is better" : ""}.</p>
      <Legend items={[{ color: "known", label: "champion" }, { color: "new", label: "candidates" }]} />
      <IntervalList save="Candidates and champion" items={[
        { label: `version ${r.champion?.version ?? "?"}`, note: "the champion", interval: r.champion?.value },
        ...candidates.map((c) => ({ label: spoken(c.name), note: `${count(c.rows)} rows${known(c.version) ? `, version ${c.version}` : ""}`,
          interval: c.value, limit: r.champion?.value?.value, color: "new",
          after: <Status tone={c.accepted ? "good" : "open"}>{c.accepted ? "acceptable" : "not accepted"}</Status> })),
      ]} />
      <DataTable label="Candidates" rows={candidates} columns={[
        { head: "Candidate", cell: (c) => spoken(c.name) },
        { head: metricName(r.metric), numeric: true, cell: (c) => metric(c.value?.value), value: (c) => c.value?.value },
        { head: "Gain over the champion", numeric: true, cell: (c) => <>{signed(c.difference?.value)}<small>{range(c.difference, (x) => signed(x))}</small></>, value: (c) => c.difference?.value },
        { head: "p", numeric: true, cell: (c) => pValue(c.p_value), value: (c) => c.p_value },
        { head: "Why", cell: (c) => <span className="prose">{c.reason ?? ""}</span> },
      ]} />
    </>
  );
}
