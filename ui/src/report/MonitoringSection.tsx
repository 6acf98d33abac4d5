import { ErrorFence } from "../parts/ErrorFence";
import type { Maybe, Monitor, ReportDocument } from "../parts/document";
import { DriftCard, DriftGrid } from "../parts/DriftGrid";
import { count, inWords, known, percent } from "../parts/format";
import { IntervalList } from "../parts/IntervalList";
import { Empty, Fold, Grid, KeyNumbers, Legend, Panel, Section } from "../parts/Layout";
import { ScoreBars } from "../parts/ScoreBars";
import { Status, type Tone } from "../parts/Status";
import { metricMeaning, metricName } from "../parts/words";
import { monitoring, oneBatch } from "./conclude";

const CONCEPT: Record<string, [Tone, string]> = {
  yes: ["bad", "relation changed"], no: ["good", "relation holds"], undecided: ["open", "undecided"], no_labels: ["open", "no labels yet"],
};

export function MonitoringSection({ document: d }: { document: ReportDocument }) {
  const batches = d.monitor ?? [];
  if (batches.length === 0) return <Section id="monitoring" title="Monitoring"><Empty>No later data has been watched yet.</Empty></Section>;
  return (
    <Section id="monitoring" title="Monitoring" verdict={monitoring(batches)}>
      <Legend items={[{ color: "known", label: "training data, or what was expected" }, { color: "new", label: "the later batch, or what turned out" }]} />
      {batches.map((b, at) => (
        <Fold key={`${b.batch}-${at}`} open={at === 0} summary={<BatchSummary batch={b} at={at} metric={d.train?.metric} />}>
          <ErrorFence part={`monitoring of ${b.batch}`}><Batch batch={b} task={d.train?.task} /></ErrorFence>
        </Fold>
      ))}
    </Section>
  );
}

function BatchSummary({ batch: b, at, metric }: { batch: Monitor; at: number; metric?: Maybe<string> }) {
  const drifted = b.drift?.dataset?.drifted;
  return (
    <span className="batch-summary">
      <b>{at + 1}. {b.batch}</b>
      {drifted !== null && drifted !== undefined && <Status tone={drifted ? "new" : "known"}>{drifted ? "drifted" : "as before"}</Status>}
      <span className="muted">{oneBatch(b, metric)}</span>
    </span>
  );
}

function Batch({ batch: b, task }: { batch: Monitor; task?: Maybe<string> }) {
  const [tone, word] = CONCEPT[b.concept_drift?.state ?? ""] ?? ["open" as Tone, b.concept_drift?.state ?? "not judged"];
  const set = b.drift?.dataset;
  const coverage = b.labels?.coverage;
  return (
    <>
      <KeyNumbers items={[
        { label: "Rows scored", value: count(b.rows), note: known(b.version) ? `by version ${b.version}` : undefined },
        { label: "Columns drifted", value: set ? `${count(set.drifted_columns)} of ${count(set.columns)}` : "–",
          note: set ? `${percent(set.share)}; the limit is ${percent(set.limit)}` : "not measured" },
        { label: "Labels", value: percent(coverage), note: b.labels ? labelsInWords(b.labels) : "none yet" },
        { label: "Relation to the target", value: <Status tone={tone}>{word}</Status>, note: "told from labels alone" },
      ]} />
      {b.concept_drift?.reason && <p className="reason">{b.concept_drift.reason}</p>}
      <Grid>
        <Panel title={Object.keys(b.performance?.expected ?? {}).length > 0 ? "Expected and realised performance" : "Realised performance"} lead={known(coverage) && coverage < 1 ? `Labels cover ${inWords(coverage)} of the rows.` : undefined}>
          <Performance batch={b} task={task} />
        </Panel>
        <Panel title="The answers themselves">
          {b.prediction_drift ? <DriftCard column={b.prediction_drift} /> : <Empty>Drift of the scores was not measured.</Empty>}
        </Panel>
      </Grid>
      <Quality batch={b} />
      <h4 className="sub">Drift, column by column</h4>
      {b.drift?.columns?.length ? <DriftGrid columns={b.drift.columns} /> : <Empty>No column was compared.</Empty>}
    </>
  );
}

function labelsInWords(labels: NonNullable<Monitor["labels"]>): string {
  const strangers = (labels.unknown_classes ?? []).reduce((sum, c) => sum + c.rows, 0);
  return `${count(labels.joined)} joined${(labels.unknown ?? 0) > 0 ? `, ${count(labels.unknown)} with unknown ids` : ""}${
    strangers > 0 ? `, ${count(strangers)} of unknown classes` : ""}`;
}

function Performance({ batch: b, task }: { batch: Monitor; task?: Maybe<string> }) {
  const seen = b.performance?.metrics ?? {};
  const hoped = b.performance?.expected ?? {};
  const keys = [...new Set([...Object.keys(seen), ...Object.keys(hoped)])];
  if (keys.length === 0) return <Empty>No labels have arrived, so performance is not known.</Empty>;
  const unit = keys.every((k) => [seen[k], hoped[k]].every((i) => !i || ((i.high ?? i.value ?? 0) <= 1 && (i.low ?? i.value ?? 0) >= 0)));
  return (
    <IntervalList separate={!unit} items={keys.map((k) => ({
      label: metricName(k), note: known(hoped[k]?.value) ? `expected ${hoped[k]?.value?.toFixed(3)}` : metricMeaning(k, task),
      interval: seen[k] ?? { value: null }, color: "new", second: hoped[k], secondColor: "known",
    }))} />
  );
}

function Quality({ batch: b }: { batch: Monitor }) {
  const failed = b.quality?.failed_checks ?? [];
  if (!b.quality) return null;
  return (
    <Panel title="Quality of the data" wide>
      {b.quality.scores && <div className="scores-row"><ScoreBars scores={b.quality.scores} /></div>}
      {failed.length > 0 ? (
        <ul className="plain-list">{failed.map((text, at) => <li key={at}>{text}</li>)}</ul>
      ) : <p className="muted">No check failed.</p>}
    </Panel>
  );
}
