// The sentences that stand first: what a reader should know if nothing else is read. Pure functions of the
// document, which say only what its records say.
import type { Evaluate, Explore, Gate, Monitor, ReportDocument, Retrain, RowSplit, Train } from "./document";
import { capital, inWords, known, list, metric, percent, plain, plural, range, signed } from "./format";
import { collectGates } from "./GateList";
import { metricInText, modelName } from "./words";
import type { Tone } from "./Status";

export interface Conclusion { tone: Tone; text: string }

/** Every goal of the project with its newest evidence. */
export function allGates(d: ReportDocument): Gate[] {
  const judged = [d.evaluate?.gates, d.register?.gates, d.deploy?.gates].flatMap((g) => g ?? []);
  return collectGates(d.design?.requirements ?? [], d.design?.key_metrics ?? [], judged);
}

export function liveVersion(d: ReportDocument): number | null {
  const later = d.deployments ?? [];
  return later[later.length - 1]?.version ?? d.deploy?.version ?? null;
}

function failedSources(d: ReportDocument): string[] {
  return (d.validate ?? []).filter((v) => v.success === false).map((v) => v.source);
}

/** The line under the project's name. */
export function overall(d: ReportDocument): Conclusion {
  const failed = failedSources(d);
  if (failed.length) {
    return { tone: "bad", text: `The run stopped at the data: ${list(failed)} ${failed.length === 1 ? "fails" : "fail"} a check that must hold.` };
  }
  const gates = allGates(d);
  const broken = gates.filter((g) => g.status === "fail");
  const open = gates.filter((g) => g.status === "pending");
  if (broken.length) {
    return { tone: "bad", text: `${broken.length} of ${plural(gates.length, "goal")} ${broken.length === 1 ? "is" : "are"} missed: ${
      list(broken.map((g) => g.text || metricInText(g.metric)))}.` };
  }
  if (d.state?.toLowerCase() === "failed") return { tone: "bad", text: "The run failed before it was complete; the steps at the end say where." };
  if (!d.evaluate) return { tone: "open", text: "No model has been evaluated yet." };
  const model = capital(modelName(d.evaluate.model));
  const goals = gates.length === 0 ? "no goals are set" : open.length
    ? `${gates.length - open.length} of ${plural(gates.length, "goal")} met, ${open.length} not measured yet` : `all ${plural(gates.length, "goal")} met`;
  const live = liveVersion(d);
  return { tone: open.length || gates.length === 0 ? "open" : "good",
    text: `${model} was chosen: ${goals}. ${live === null ? "Nothing is deployed." : `Version ${live} is live.`}` };
}

export function charter(d: ReportDocument): string {
  const gates = allGates(d);
  const open = d.design?.open?.length ?? 0;
  const pending = gates.filter((g) => g.status === "pending").length;
  const words = gates.length === 0 ? "No measurable goals are declared"
    : `${gates.filter((g) => g.status === "pass").length} of ${plural(gates.length, "measurable goal")} met${
      pending ? `, ${pending === gates.length ? "none" : pending} ${pending === gates.length ? "measured yet" : "not measured yet"}` : ""}`;
  return `${words}; ${open === 0 ? "no question is open" : `${plural(open, "question")} still open`}.`;
}

export function data(d: ReportDocument): string {
  const sources = d.explore ?? d.ingest ?? [];
  const rows = (d.ingest ?? d.explore ?? []).reduce((sum, s) => sum + (s.rows ?? 0), 0);
  const checks = (d.validate ?? []).flatMap((v) => v.checks ?? []);
  const failed = checks.filter((c) => !c.success).length;
  const worst = worstMissing(d.explore ?? []);
  const first = `${plural(rows, "row")} from ${plural(sources.length, "source")}`;
  const held = !d.validate?.length ? "" : checks.length === 0 ? "; no checks are declared"
    : `; ${failed === 0 ? "every check holds" : `${plural(failed, "check")} failed`}`;
  return `${first}${held}.${worst ? ` ${worst}` : ""}`;
}

function worstMissing(sources: readonly Explore[]): string | null {
  const gaps = sources.flatMap((s) => (s.columns ?? []).map((c) => ({ source: s.source, name: c.name, share: c.missing_share ?? 0 })))
    .filter((g) => g.share > 0.2).sort((a, b) => b.share - a.share);
  const worst = gaps[0];
  if (!worst) return null;
  const where = sources.length > 1 ? ` in ${worst.source}` : "";
  return worst.share >= 1 ? `${worst.name} has no values at all${where}.`
    : `The largest gap is ${worst.name}${where}: ${percent(worst.share)} missing.`;
}

export function training(train: Train): string {
  const key = train.metric ?? "";
  const best = train.models?.find((m) => m.name === train.selected);
  const found = best?.metrics?.[key];
  if (!train.selected) return "No model was selected.";
  return `${capital(modelName(train.selected))} was selected with ${metricInText(key)} ${metric(found?.mean)}${
    known(found?.std) ? ` ± ${metric(found.std)}` : ""} over ${plural(found?.folds?.length ?? train.folds, "fold")}.`;
}

/** How the rows were divided, and what the splits themselves show. */
export function split(s: RowSplit | null | undefined): string {
  const parts = s?.parts ?? [];
  if (s?.by === "group") {
    const torn = parts.filter((p) => (p.shared_groups ?? 0) > 0).length;
    return `Rows were split by ${s.column ?? "group"}: ${torn === 0 ? `no ${s.column ?? "group"} stands on both sides of any split`
      : `${plural(torn, "split")} of ${parts.length} have one on both sides`}.`;
  }
  if (s?.by === "time") {
    const first = parts[0];
    return `Rows were split by ${s.column ?? "time"}, the newest held out${
      first ? `: training ends at ${plain(first.train_until)}, the hold-out begins at ${plain(first.test_from)}` : ""}.`;
  }
  return s?.by === "class" ? "Rows were split at random, each class in proportion." : s?.by === "chance" ? "Rows were split at random." : "";
}

export function evaluation(e: Evaluate, train: Train | null | undefined): string {
  const keys = [train?.metric, "accuracy", "r2"].filter((k): k is string => Boolean(k && e.metrics?.[k]));
  const first = keys[0];
  const lead = first ? `On ${plural(e.rows, "row")} that no fit has seen, ${metricInText(first)} is ${metric(e.metrics?.[first]?.value)} (95 % interval ${
    range(e.metrics?.[first])})` : `Evaluated on ${plural(e.rows, "row")} that no fit has seen`;
  if (train?.task === "multiclass" && known(e.metrics?.accuracy?.value)) {
    return `${lead}. It names the right one of ${plural(train.classes?.length, "class", "classes")} for ${percent(e.metrics.accuracy.value)} of them.`;
  }
  if (known(e.metrics?.r2?.value)) {
    const r2 = e.metrics.r2.value;
    return `${lead}. ${r2 > 0 ? `It explains ${percent(r2)} of the variance` : "It explains nothing of the variance"}.`;
  }
  const recall = e.metrics?.recall?.value;
  const specificity = e.metrics?.specificity?.value;
  if (known(recall) && known(specificity)) {
    return `${lead}. It finds ${percent(recall)} of the positives and clears ${percent(specificity)} of the negatives.`;
  }
  return `${lead}.`;
}

export function monitoring(batches: readonly Monitor[]): string {
  const drifted = batches.filter((b) => b.drift?.dataset?.drifted).map((b) => b.batch);
  const concept = batches.filter((b) => b.concept_drift?.state === "yes").map((b) => b.batch);
  const first = drifted.length === 0 ? `None of ${plural(batches.length, "later batch", "later batches")} drifted as a whole`
    : drifted.length === batches.length ? (batches.length === 1 ? `${drifted[0]} drifted` : `All ${batches.length} later batches drifted`)
    : `${list(drifted)} drifted`;
  return `${first}; ${concept.length === 0 ? "no batch shows that the relation to the target has changed"
    : `in ${list(concept)} the relation to the target has changed${drifted.length > 0 ? " as well" : ""}`}.`;
}

/** `goesBy`: the metric that selects. */
export function oneBatch(b: Monitor, goesBy: string | null | undefined): string {
  const set = b.drift?.dataset;
  const shift = set ? `${set.drifted_columns ?? "?"} of ${set.columns ?? "?"} columns drifted${set.share ? ` (${inWords(set.share)})` : ""}` : "Drift was not measured";
  const measured = b.performance?.metrics ?? {};
  const key = goesBy && goesBy in measured ? goesBy : Object.keys(measured)[0];
  const seen = key ? b.performance?.metrics?.[key] : null;
  const hoped = key ? b.performance?.expected?.[key] : null;
  if (!key || !known(seen?.value)) return `${shift}; no labels have arrived, so performance is not known.`;
  return `${shift}; ${metricInText(key)} turned out ${metric(seen.value)}${known(hoped?.value) ? ` where ${metric(hoped.value)} was expected` : ""}.`;
}

export function retraining(decisions: readonly Retrain[]): string {
  const promoted = decisions.filter((r) => r.decision?.action === "promote");
  const fired = decisions.filter((r) => r.trigger?.state === "fired").length;
  const first = `The trigger fired for ${fired} of ${plural(decisions.length, "batch", "batches")}`;
  if (promoted.length === 0) return `${first}; the champion stayed each time.`;
  return `${first}; ${list(promoted.map((r) => `version ${r.decision?.version ?? "?"} took over after ${r.batch}`))}.`;
}

export function oneDecision(r: Retrain): string {
  const d = r.decision;
  if (!d) return "No decision was recorded.";
  const best = r.candidates?.find((c) => c.version === d.version && known(c.difference?.value));
  const gain = d.action === "promote" && best ? ` Gain in ${metricInText(r.metric)}: ${signed(best.difference?.value)} (${
    range(best.difference, (x) => signed(x))}).` : "";
  return `${d.action === "promote" ? `Promoted version ${d.version ?? "?"}` : `Kept version ${d.version ?? "?"}`}: ${d.reason ?? "no reason given"}.${gain}`;
}
