import type { Maybe, Monitor } from "./document";
import { DriftCard, DriftGrid } from "./DriftGrid";
import { count, inWords, known, percent } from "./format";
import { areShares, IntervalList } from "./IntervalList";
import { Empty, Grid, KeyNumbers, Panel } from "./Layout";
import { ScoreBars } from "./ScoreBars";
import { Status, type Tone } from "./Status";
import { metricMeaning, metricName } from "./words";

export const CONCEPT: Record<string, [Tone, string]> = {
  yes: ["bad", "relation changed"], no: ["good", "relation holds"], undecided: ["open", "undecided"], no_labels: ["open", "no labels yet"],
};

/** One batch of later data: its drift, its labels, what was expected and what turned out. */
export function BatchDetail({ batch: b, task }: { batch: Monitor; task?: Maybe<string> }) {
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
  return (
    <IntervalList save={`Performance on ${b.batch ?? "a batch"}`} separate={!areShares([...Object.values(seen), ...Object.values(hoped)])} items={keys.map((k) => ({
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
