import { retraining } from "../parts/conclude";
import { DecisionPanel } from "../parts/DecisionPanel";
import type { ReportDocument } from "../parts/document";
import { Empty, Section } from "../parts/Layout";

export function RetrainingSection({ document: d }: { document: ReportDocument }) {
  const decisions = d.retrain ?? [];
  if (decisions.length === 0) return <Section id="retraining" title="Retraining"><Empty>No retraining was considered.</Empty></Section>;
  return (
    <Section id="retraining" title="Retraining" verdict={retraining(decisions)}>
      {decisions.map((r, at) => <DecisionPanel key={`${r.batch}-${at}`} retrain={r} at={at} />)}
    </Section>
  );
}
