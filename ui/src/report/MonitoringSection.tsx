import { BatchDetail } from "../parts/BatchDetail";
import { ErrorFence } from "../parts/ErrorFence";
import type { Maybe, Monitor, ReportDocument } from "../parts/document";
import { Empty, Fold, Legend, Section } from "../parts/Layout";
import { Status } from "../parts/Status";
import { monitoring, oneBatch } from "../parts/conclude";

export function MonitoringSection({ document: d }: { document: ReportDocument }) {
  const batches = d.monitor ?? [];
  if (batches.length === 0) return <Section id="monitoring" title="Monitoring"><Empty>No later data has been watched yet.</Empty></Section>;
  return (
    <Section id="monitoring" title="Monitoring" verdict={monitoring(batches)}>
      <Legend items={[{ color: "known", label: "training data, or what was expected" }, { color: "new", label: "the later batch, or what turned out" }]} />
      {batches.map((b, at) => (
        <Fold key={`${b.batch}-${at}`} open={at === 0} summary={<BatchSummary batch={b} at={at} metric={d.train?.metric} />}>
          <ErrorFence part={`monitoring of ${b.batch}`}><BatchDetail batch={b} task={d.train?.task} /></ErrorFence>
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
