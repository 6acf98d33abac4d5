import type { Evaluate, ReportDocument } from "../parts/document";
import { Confusion } from "../parts/Confusion";
import { Calibration, PrCurve, Residuals, RocCurve, ScoreHistogram } from "../parts/Curves";
import { count, known, num, plural, pValue, range, signed, metric } from "../parts/format";
import { areShares, IntervalList } from "../parts/IntervalList";
import { Empty, Grid, KeyNumbers, Legend, Panel, Section } from "../parts/Layout";
import { Slices } from "../parts/Slices";
import { Status, toneOf } from "../parts/Status";
import { ThresholdExplorer } from "../parts/ThresholdExplorer";
import { metricInText, metricMeaning, metricName, modelName, spoken } from "../parts/words";
import { evaluation } from "../parts/conclude";

function classTotals(e: Evaluate): { positives?: number; negatives?: number } {
  const { labels = [], matrix = [] } = e.confusion ?? {};
  if (labels.length !== 2) return {};
  const at = Math.max(0, labels.indexOf(e.positive ?? labels[1] ?? ""));
  const sum = (row: number[] | undefined) => (row ?? []).reduce((a, b) => a + b, 0);
  return { positives: sum(matrix[at]), negatives: sum(matrix[1 - at]) };
}

export function EvaluationSection({ document: d }: { document: ReportDocument }) {
  const e = d.evaluate;
  if (!e) return <Section id="evaluation" title="Evaluation"><Empty>No model was evaluated.</Empty></Section>;
  const { positives, negatives } = classTotals(e);
  const metrics = Object.entries(e.metrics ?? {});
  const shares = areShares(Object.values(e.metrics ?? {}));
  const first = [d.train?.metric, ...(d.design?.key_metrics ?? []).map((k) => k.metric), "accuracy", "precision", "f1", "mae", "r2"]
    .filter((k, at, all): k is string => Boolean(k && e.metrics?.[k]) && all.indexOf(k) === at).slice(0, 4);
  const all = known(positives) && known(negatives) ? positives + negatives : 0;
  return (
    <Section id="evaluation" title="Evaluation" verdict={evaluation(e, d.train)}>
      <KeyNumbers items={[
        ...first.map((k) => ({ label: metricName(k), value: metric(e.metrics?.[k]?.value), note: range(e.metrics?.[k]) })),
        { label: "Hold-out", value: count(e.rows), note: known(e.holdout_uses) ? `rows, used ${e.holdout_uses === 1 ? "once" : `${e.holdout_uses} times`}` : "rows" },
      ]} />
      {e.hypothesis && <HypothesisVerdict evaluate={e} />}
      {(e.next_steps?.length ?? 0) > 0 && (
        <Panel title="What to do next" wide><ol className="next-steps">{e.next_steps?.map((s) => <li key={s}>{s}</li>)}</ol></Panel>
      )}
      {(e.roc?.length ?? 0) > 1 && (e.thresholds?.length ?? 0) > 0 && (
        <Panel title="Choose the threshold" lead="Fewer missed cases cost more false alarms. Move the slider to see how many." wide>
          <ThresholdExplorer evaluate={e} positives={positives} negatives={negatives} />
        </Panel>
      )}
      <Grid>
        {e.confusion && (
          <Panel title="Right and wrong answers" lead={known(e.threshold) ? `At the threshold in use, ${num(e.threshold, 2)}.` : undefined}>
            <Confusion labels={e.confusion.labels} matrix={e.confusion.matrix} positive={e.positive} />
          </Panel>
        )}
        {e.score_histogram && (
          <Panel title="Scores by class" lead="The less the two colours overlap, the better the model tells them apart.">
            <Legend items={e.score_histogram.by_class.map((c) => ({ color: c.label === e.positive ? "positive" : "negative",
              label: c.label === e.positive ? `${c.label} (positive)` : c.label }))} />
            <ScoreHistogram evaluate={e} />
          </Panel>
        )}
        {(e.roc?.length ?? 0) > 1 && (
          <Panel title="ROC curve" lead={`Area ${metric(e.metrics?.roc_auc?.value)}: ${metricMeaning("roc_auc")}. The ring is the threshold in use.`}><RocCurve evaluate={e} /></Panel>
        )}
        {(e.pr?.length ?? 0) > 1 && (
          <Panel title="Precision and recall" lead="The ring is the threshold in use.">
            <PrCurve evaluate={e} prevalence={all > 0 ? (positives ?? 0) / all : undefined} />
          </Panel>
        )}
        {(e.calibration?.length ?? 0) > 0 && (
          <Panel title="Calibration" lead="On the diagonal, a score of 0.7 means that 7 in 10 are positive. Larger points hold more rows."><Calibration evaluate={e} /></Panel>
        )}
      </Grid>
      <Grid>
        {(e.residuals?.length ?? 0) > 0 && (
          <Panel title="Predicted against actual" lead="On the diagonal is right."><Residuals pairs={e.residuals ?? []} /></Panel>
        )}
        {metrics.length > 0 && (
          <Panel title="All metrics" lead="With 95 % bootstrap intervals.">
            <IntervalList save="All metrics" separate={!shares} domain={shares ? [0, 1] : undefined}
              items={metrics.map(([k, interval]) => ({ label: metricName(k), note: metricMeaning(k, d.train?.task), interval }))} />
          </Panel>
        )}
        {(e.importance?.length ?? 0) > 0 && (
          <Panel title="What the model relies on" lead={`How much worse ${metricInText(d.train?.metric)} becomes when a column is shuffled; at the line, nothing is lost.`}>
            <IntervalList save="Importance" zero={0} show={(x) => signed(x)} items={(e.importance ?? []).slice(0, 20).map((i) => ({ label: i.column, interval: i }))} />
          </Panel>
        )}
      </Grid>
      {(e.slices?.length ?? 0) > 0 && (
        <Panel title="Groups of rows" lead="Wide intervals mean few rows: a difference there is not yet a finding." wide>
          <Slices slices={e.slices ?? []} overall={e.metrics ?? {}} first={d.train?.metric} />
        </Panel>
      )}
      {e.comparison && <SimplerModel evaluate={e} />}
    </Section>
  );
}

function HypothesisVerdict({ evaluate }: { evaluate: Evaluate }) {
  const h = evaluate.hypothesis;
  if (!h) return null;
  return (
    <div className={`callout tone-edge-${toneOf(h.verdict)}`}>
      <p><Status tone={toneOf(h.verdict)}>{h.verdict}</Status> <b>“{h.text}”</b></p>
      <p className="muted">
        Measured difference {signed(h.difference?.value)}{range(h.difference) && ` (95 % interval ${range(h.difference, (x) => signed(x))})`}
        {known(h.p_value) && `, p ${pValue(h.p_value).startsWith("<") ? "" : "= "}${pValue(h.p_value)}`}{h.test && `, ${spoken(h.test)}`}.
      </p>
    </div>
  );
}

function SimplerModel({ evaluate }: { evaluate: Evaluate }) {
  const c = evaluate.comparison;
  const low = c?.difference?.low;
  const high = c?.difference?.high;
  const words = !known(low) || !known(high) ? "The difference could not be measured."
    : low > 0 ? "It is better than chance would explain." : high < 0 ? "It is worse than chance would explain."
    : "The two cannot be told apart on these rows; the simpler one would do as well.";
  return (
    <Panel title={`Against ${modelName(c?.baseline)}`} lead={words} wide>
      <IntervalList save="Against the baseline" zero={0} show={(x) => signed(x)} items={[{
        label: `Gain of ${modelName(evaluate.model)} over ${modelName(c?.baseline)}`,
        note: `${metricName(c?.metric)}${known(c?.p_value) ? `, p ${pValue(c?.p_value)}` : ""}${c?.test ? `, ${spoken(c.test)}` : ""}, ${plural(evaluate.rows, "row")}`,
        interval: c?.difference,
      }]} />
    </Panel>
  );
}

