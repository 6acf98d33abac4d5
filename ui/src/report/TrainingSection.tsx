import type { ReportDocument } from "../parts/document";
import { capital, count, known, metric, plural } from "../parts/format";
import { Empty, Fold, KeyNumbers, Legend, Panel, Section } from "../parts/Layout";
import { DataTable } from "../parts/DataTable";
import { ModelComparison, ModelSettings, ModelTable, ranked } from "../parts/ModelComparison";
import { searchedTrials, Trials } from "../parts/Trials";
import { metricMeaning, metricName, modelName, spoken } from "../parts/words";
import { split, training } from "../parts/conclude";

export function TrainingSection({ document: d }: { document: ReportDocument }) {
  const train = d.train;
  if (!train) return <Section id="training" title="Training"><Empty>Training did not run.</Empty></Section>;
  const models = ranked(train);
  const best = models.find((m) => m.name === train.selected);
  const key = train.metric ?? "";
  const searched = searchedTrials(train.trials ?? []);
  return (
    <Section id="training" title="Training" verdict={training(train)}>
      <KeyNumbers items={[
        { label: "Selected", value: modelName(train.selected), note: `of ${plural(models.length, "model")}` },
        { label: metricName(key), value: metric(best?.metrics?.[key]?.mean), note: metricMeaning(key, train.task) },
        { label: "Training rows", value: count(known(train.rows) ? train.rows - (train.holdout_rows ?? 0) : null),
          note: `${count(train.holdout_rows)} more held out` },
        { label: "Folds", value: `${count(train.folds)} × ${count(train.repeats ?? 1)}`, note: "every fit sees its training rows alone" },
        { label: "Search", value: searched.length > 0 ? count(searched.length) : "none", note: searched.length > 0 ? "trials" : "settings as declared" },
      ]} />
      {train.reason && <p className="reason">{train.reason.replace(/\.$/, "")}. {split(train.split)}</p>}
      {train.warnings?.map((w) => <p key={w} className="warning">{w}</p>)}
      <Panel title="Models compared" lead={`Each point is ${metricName(key)} on one fold, each bar the mean. Points far apart mean that the difference of means says little.`} wide>
        <Legend items={[{ color: "known", label: "selected" }, { color: "negative", label: "other models" }]} />
        <ModelComparison train={train} />
        <ModelTable train={train} />
        <ModelSettings train={train} />
      </Panel>
      {searched.length > 0 && (
        <Panel title="Search for settings" wide><Trials trials={searched} metricKey={key} /></Panel>
      )}
      {(train.columns?.length ?? 0) > 0 && (
        <Fold summary={`What the model reads: ${plural(train.columns?.length, "column")}`}>
          <DataTable label="Columns and features" rows={train.columns ?? []} columns={[
            { head: "Column", cell: (c) => c.name },
            { head: "Features", numeric: true, cell: (c) => count(c.features), value: (c) => c.features },
          ]} />
        </Fold>
      )}
      <p className="caption">
        {train.task && `${capital(spoken(train.task))} task`}{train.target && `, predicts ${train.target}`}
        {train.positive && `, positive class ${train.positive}`}{train.seed !== null && train.seed !== undefined && `, seed ${train.seed}`}.
      </p>
    </Section>
  );
}
