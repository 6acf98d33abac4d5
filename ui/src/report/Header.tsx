import type { ReportDocument } from "../parts/document";
import { count, known, metric, plural, range, when } from "../parts/format";
import { KeyNumbers, Legend, type KeyNumber } from "../parts/Layout";
import { Status } from "../parts/Status";
import { metricName, modelName } from "../parts/words";
import { allGates, liveVersion, overall } from "../parts/conclude";

const VERDICT = { good: "goals met", bad: "needs attention", open: "not complete", new: "new", known: "done" };

export function Header({ document: d }: { document: ReportDocument }) {
  const verdict = overall(d);
  return (
    <header className="masthead" id="top">
      <p className="eyebrow">Quern report <span>{when(d.generated_at)}</span></p>
      <h1>{d.project ?? d.design?.project ?? "Unnamed project"}</h1>
      <p className="headline"><Status tone={verdict.tone}>{VERDICT[verdict.tone]}</Status> <span>{verdict.text}</span></p>
      <KeyNumbers items={facts(d)} />
      <details className="fold key-colors">
        <summary>How to read the colours</summary>
        <div className="fold-body">
          <Legend items={[
            { color: "known", label: "known: training data, the model in charge" }, { color: "new", label: "new: later data, candidates" },
            { color: "positive", label: "the class that is looked for" }, { color: "negative", label: "the others" },
            { color: "good", label: "✓ holds" }, { color: "bad", label: "✕ does not hold" }, { color: "open", label: "○ not decided" },
          ]} />
        </div>
      </details>
    </header>
  );
}

function facts(d: ReportDocument): KeyNumber[] {
  const key = d.train?.metric ?? d.design?.key_metrics?.[0]?.metric;
  const found = key ? d.evaluate?.metrics?.[key] : undefined;
  const gates = allGates(d);
  const rows = (d.ingest ?? d.explore ?? []).reduce((sum, s) => sum + (s.rows ?? 0), 0);
  const drifted = (d.monitor ?? []).filter((m) => m.drift?.dataset?.drifted).length;
  const out: KeyNumber[] = [];
  out.push({ label: "Goals met", value: gates.length ? `${gates.filter((g) => g.status === "pass").length} of ${gates.length}` : "–",
    note: gates.length ? "requirements and key metrics" : "none are declared" });
  out.push({ label: key ? metricName(key) : "Score", value: known(found?.value) ? metric(found.value) : "–",
    note: found ? `${range(found)} on the hold-out` : "not run" });
  out.push({ label: "Model", value: d.evaluate?.model || d.train?.selected ? modelName(d.evaluate?.model ?? d.train?.selected) : "–",
    note: liveVersion(d) === null ? "not deployed" : `version ${liveVersion(d)} is live` });
  out.push({ label: "Data", value: rows ? count(rows) : "–", note: rows ? `rows from ${plural((d.ingest ?? d.explore ?? []).length, "source")}` : "not read" });
  out.push({ label: "Later batches", value: d.monitor?.length ? `${drifted} of ${d.monitor.length}` : "–", note: d.monitor?.length ? "drifted" : "none yet" });
  return out;
}
