import { Link } from "@tanstack/react-router";
import { BatchDetail, CONCEPT } from "../../parts/BatchDetail";
import { monitoring } from "../../parts/conclude";
import { DataTable } from "../../parts/DataTable";
import { DecisionPanel } from "../../parts/DecisionPanel";
import type { Monitor } from "../../parts/document";
import { capital, count, inWords, known, metric, percent, range } from "../../parts/format";
import { IntervalList } from "../../parts/IntervalList";
import { Legend, Panel } from "../../parts/Layout";
import { Moment } from "../../parts/Moment";
import { Nothing } from "../../parts/States";
import { Status, toneOf } from "../../parts/Status";
import { metricInText, metricName } from "../../parts/words";
import { useDocument, useMonitoring, type BatchGlance, type MonitoringView } from "../api/native";
import { versionAddress } from "../models/addresses";
import { asText, useSettings } from "../search";
import { PageHead } from "../shell/PageHead";
import { Loaded } from "../views/Loaded";
import "../../parts/chapters.css";
import "../views/views.css";

export default function MonitoringPage() {
  const [settings, change] = useSettings<{ batch: string }>();
  const found = useMonitoring();
  // Drift of each column is much, and needed for the batch in sight alone.
  const document = useDocument(["monitor", "retrain", "train"]);
  const batches = (found.data?.batches ?? []).filter((b) => b.batch !== null);
  const chosen = batches.find((b) => b.batch === asText(settings.batch)) ?? batches.at(-1);
  const monitors = document.data?.monitor ?? [];
  return (
    <>
      <PageHead title="Monitoring">{monitors.length > 0 && <p className="page-lead">{monitoring(monitors)}</p>}</PageHead>
      <Loaded query={found}>{(view) => (batches.length === 0 || !chosen ? <None view={view} /> : (
        <>
          <Batches view={view} chosen={chosen} pick={(batch) => change({ batch })} />
          <Performance view={view} batches={batches} />
          <h2 className="section-title" id="batch">{chosen.batch} in detail</h2>
          <Alerts batch={chosen} />
          <Loaded query={document}>{(d) => <Detail batch={chosen} monitor={d.monitor?.find((m) => m.batch === chosen.batch)} task={d.train?.task} />}</Loaded>
          {chosen.retraining && <DecisionPanel retrain={{ ...chosen.retraining, champion: before(chosen) }} />}
        </>
      ))}</Loaded>
    </>
  );
}

/** The version that held the title before, as the report has it. */
function before(batch: BatchGlance) {
  const record = batch.retraining as (BatchGlance["retraining"] & { before?: NonNullable<BatchGlance["retraining"]>["champion"] }) | null;
  return record?.before ?? record?.champion;
}

function Detail({ batch, monitor, task }: { batch: BatchGlance; monitor: Monitor | undefined; task: string | null | undefined }) {
  if (!monitor) return <p className="muted">The record of {batch.batch} is gone: <code>quern run --force monitor</code> makes it again.</p>;
  return (
    <>
      <Legend items={[{ color: "known", label: "training data, or what was expected" }, { color: "new", label: "the later batch, or what turned out" }]} />
      <BatchDetail batch={monitor} task={task} />
    </>
  );
}

function Batches({ view, chosen, pick }: { view: MonitoringView; chosen: BatchGlance; pick: (batch: string) => void }) {
  return (
    <div className="table-panel wide-table">
      <DataTable label="Batches" rows={view.batches.filter((b) => b.batch !== null)} emphasize={(b) => b.batch === chosen.batch} columns={[
        { head: "Batch", cell: (b) => <button type="button" className="quiet" aria-pressed={b.batch === chosen.batch} onClick={() => pick(b.batch ?? "")}><bdi>{b.batch}</bdi></button> },
        { head: "Scored", cell: (b) => <><Moment ms={b.at_ms} ago /><small>{count(b.rows)} rows{b.model && known(b.version) && <> by <Link to={versionAddress(b.model, b.version)}>v{b.version}</Link></>}</small></> },
        { head: "Drift", cell: (b) => (b.drift ? <><Status tone={b.drift.drifted ? "new" : "known"}>{b.drift.drifted ? "drifted" : "as before"}</Status><small>{b.drift.drifted_columns} of {b.drift.columns} columns</small></> : "–") },
        { head: "Relation to the target", cell: (b) => <Concept batch={b} /> },
        { head: "Labels", cell: (b) => <>{percent(b.labels?.coverage)}<small>{inWords(b.labels?.coverage)} of the rows</small></> },
        { head: metricName(view.metric), numeric: true, cell: (b) => <>{metric(b.realised?.value)}<small>{range(b.realised)}</small></>, value: (b) => b.realised?.value },
        { head: "Retraining", cell: (b) => <Decision batch={b} /> },
      ]} />
    </div>
  );
}

function Concept({ batch }: { batch: BatchGlance }) {
  const [tone, word] = CONCEPT[batch.concept_drift?.state ?? ""] ?? ["open" as const, "not judged"];
  return <Status tone={tone}>{word}</Status>;
}

function Decision({ batch }: { batch: BatchGlance }) {
  const retraining = batch.retraining;
  if (!retraining) return <span className="muted">not considered</span>;
  const action = retraining.decision?.action;
  return (
    <>
      <Status tone={toneOf(action)}>{action === "promote" ? `v${retraining.decision?.version ?? "?"} took over` : action === "keep" ? "champion kept" : "no decision"}</Status>
      <small>trigger {(retraining.trigger?.state ?? "undecided").replace("_", " ")}</small>
    </>
  );
}

/** What was expected, what turned out, batch after batch, beside the hold-out. */
function Performance({ view, batches }: { view: MonitoringView; batches: readonly BatchGlance[] }) {
  const any = batches.some((b) => known(b.realised?.value));
  return (
    <Panel title={`${capital(metricInText(view.metric))} since training`} wide lead="Batch after batch with 95 % intervals; the line is what the hold-out promised.">
      {any ? (
        <>
          <Legend items={[{ color: "known", label: "hold-out" }, { color: "new", label: "what turned out" }]} />
          <IntervalList save="Performance since training" items={[
            ...(known(view.holdout?.value) ? [{ label: "hold-out", note: "at training", interval: view.holdout }] : []),
            ...batches.map((b) => ({ label: b.batch ?? "", note: known(b.version) ? `by version ${b.version}` : "", interval: b.realised, limit: view.holdout?.value, color: "new" })),
          ]} />
        </>
      ) : <p className="muted">No labels have arrived, so realised performance is not known.</p>}
    </Panel>
  );
}

const ALERT: Record<string, string> = { drift: "Data", concept: "Relation", predictions: "Answers", quality: "Quality" };

/** Each kind once: checks that failed stand below in full. */
function Alerts({ batch }: { batch: BatchGlance }) {
  const quality = batch.alerts.filter((alert) => alert.kind === "quality");
  const alerts = batch.alerts.filter((alert) => alert.kind !== "quality");
  if (quality.length > 0) alerts.push({ kind: "quality", text: quality.length === 1 ? quality[0]?.text ?? "" : `${quality.length} checks of the data failed` });
  if (alerts.length === 0) return <p className="muted">No alert.</p>;
  return (
    <Panel title={alerts.length === 1 ? "One alert" : `${alerts.length} alerts`} wide>
      <ul className="alert-list">
        {alerts.map((alert, at) => <li key={at}><Status tone={alert.kind === "concept" ? "bad" : "new"}>{ALERT[alert.kind] ?? alert.kind}</Status> <span>{alert.text}</span></li>)}
      </ul>
    </Panel>
  );
}

function None({ view }: { view: MonitoringView }) {
  const skipped = view.batches[0];
  return (
    <Nothing title="No later data has been watched yet">
      {skipped ? <p>The last run came to it and stopped: {skipped.reason || skipped.state}.</p>
        : <p>Sources that <code>monitoring: stream:</code> of quern.yaml names are scored by the champion, batch after batch, and held against the data that
          it was trained on. What model servers answered stands on the <Link to="/serving">page of serving</Link>.</p>}
    </Nothing>
  );
}
