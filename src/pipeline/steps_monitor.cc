#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "base/random.h"
#include "base/text.h"
#include "ml/metrics.h"
#include "monitoring/record.h"
#include "pipeline/batch.h"
#include "pipeline/release.h"
#include "pipeline/steps.h"

namespace quern::pipeline {
namespace {

/// What the charter's checks found in this batch, in sentences.
json::object QualityOf(const json::value& validated) {
  json::array failed;
  for (const json::value& check : validated.at("checks").as_array()) {
    if (!check.at("success").as_bool()) failed.push_back(check.at("text"));
  }
  return {{"scores", validated.at("scores")}, {"failed_checks", std::move(failed)}};
}

/// One number per row that stands for the prediction: P(positive), the greatest probability, the
/// value.
std::vector<double> ScoreColumn(const ml::Scores& scores) {
  if (scores.classes == 0) return scores.predictions;
  const size_t rows = scores.probabilities.size() / scores.classes;
  std::vector<double> out(rows);
  for (size_t row = 0; row < rows; ++row) {
    const double* first = &scores.probabilities[row * scores.classes];
    out[row] = scores.classes == 2 ? first[1] : *std::max_element(first, first + scores.classes);
  }
  return out;
}

/// Rows of `scores` that have a label.
ml::Scores TakeScores(const ml::Scores& scores, std::span<const uint32_t> rows) {
  ml::Scores out;
  out.classes = scores.classes;
  for (uint32_t row : rows) {
    if (scores.classes == 0) {
      out.predictions.push_back(scores.predictions[row]);
      continue;
    }
    out.labels.push_back(scores.labels[row]);
    for (size_t c = 0; c < scores.classes; ++c) {
      out.probabilities.push_back(scores.probabilities[row * scores.classes + c]);
    }
  }
  return out;
}

/// Model inputs that this batch has (nearly) no values of.
std::vector<std::string> LostColumns(const model::Signature& signature, const Frame& inputs) {
  std::vector<std::string> lost;
  for (const ml::InputColumn& input : signature.inputs) {
    const Column* column = inputs.Find(input.name);
    size_t present = 0;
    for (size_t row = 0; column != nullptr && row < column->size(); ++row) {
      if (!column->Missing(row)) ++present;
    }
    if (present * 50 < inputs.rows()) lost.push_back(input.name);
  }
  return lost;
}

/// Labels of classes that came up after training, by number of rows.
json::array UnknownClasses(const training::KnownLabels& known) {
  json::array out;
  for (const auto& [label, rows] : known.unknown) {
    out.push_back(json::object{{"label", label}, {"rows", rows}});
  }
  return out;
}

/// A class that the model does not know is a changed relation, whatever the other labels say.
monitoring::ConceptVerdict NewClasses(const training::KnownLabels& known,
                                      const monitoring::ConceptVerdict& others) {
  size_t rows = 0;
  std::string names;
  for (const auto& [label, count] : known.unknown) {
    rows += count;
    names += (names.empty() ? "" : ", ") + label;
  }
  return {monitoring::ConceptState::kYes,
          fmt::format("{} of {} labels are of a class that the model does not know ({}); they are "
                      "left out of the metrics. Of the others: {}",
                      rows, rows + known.rows.size(), names, others.reason)};
}

Result<std::vector<monitoring::MetricInterval>> Expected(const World& world,
                                                         const model::Signature& signature,
                                                         const ml::Scores& scores) {
  const Rng rng = Rng(world.project.training.seed).Fork("expected");
  if (signature.task == ml::Task::kBinary) {
    return monitoring::ExpectedBinaryMetrics(ScoreColumn(scores), {signature.threshold, 500}, rng);
  }
  if (signature.task == ml::Task::kMulticlass) {
    return monitoring::ExpectedMulticlassMetrics(scores.probabilities, scores.classes, {}, rng);
  }
  // Without labels a regression's scores say nothing of their own error.
  return std::vector<monitoring::MetricInterval>();
}

stats::Interval Find(const std::vector<monitoring::MetricInterval>& list, const std::string& name) {
  for (const auto& metric : list) {
    if (metric.name == name) return metric.interval;
  }
  return {std::nan(""), std::nan(""), std::nan("")};
}

Result<monitoring::ConceptVerdict> Concept(const model::Signature& signature,
                                           const Judged& reference, const Judged& current,
                                           const monitoring::PerformanceChange& change,
                                           std::vector<std::string> lost_columns) {
  monitoring::ConceptOptions options;
  options.lost_columns = std::move(lost_columns);
  options.threshold = signature.threshold;
  if (signature.task == ml::Task::kBinary) {
    const auto side = [](const Judged& judged) {
      monitoring::LabelledScores out;
      out.probabilities = ScoreColumn(judged.scores);
      for (uint32_t label : judged.target.index) out.positive.push_back(label == 1 ? 1 : 0);
      return out;
    };
    return monitoring::JudgeBinaryConcept(side(reference), side(current), change, options);
  }
  if (signature.task == ml::Task::kMulticlass) {
    const auto side = [](const Judged& judged) {
      monitoring::LabelledHits out;
      out.confidence = ScoreColumn(judged.scores);
      for (size_t row = 0; row < judged.target.index.size(); ++row) {
        out.hit.push_back(judged.scores.labels[row] == judged.target.index[row] ? 1 : 0);
      }
      return out;
    };
    return monitoring::JudgeMulticlassConcept(side(reference), side(current), change, options);
  }
  const auto side = [](const Judged& judged) {
    std::vector<double> out;
    for (size_t row = 0; row < judged.target.values.size(); ++row) {
      out.push_back(judged.target.values[row] - judged.scores.predictions[row]);
    }
    return out;
  };
  return monitoring::JudgeRegressionConcept(side(reference), side(current), change, options);
}

json::object RealisedJson(const std::map<std::string, stats::Interval>& metrics,
                          const std::vector<monitoring::MetricInterval>& expected) {
  json::object out{{"metrics", training::MetricsRecord(metrics)}};
  json::object before;
  for (const auto& metric : expected) before[metric.name] = training::IntervalJson(metric.interval);
  out["expected"] = std::move(before);
  return out;
}

Status NoteBatch(World& world, const StepContext& context, const std::string& batch,
                 const Champion& champion, const std::string& message) {
  return world.workspace.lineage().Add(
      {BatchId(batch, champion), "batch", fmt::format("{} scored by v{}", batch, champion.version),
       message},
      {SnapshotId(context, batch), DeploymentId(champion)});
}

}  // namespace

std::string BatchId(const std::string& batch, const Champion& champion) {
  return fmt::format("batch:{}@{}/{}", batch, champion.name, champion.version);
}

Result<std::vector<uint32_t>> HoldOutOf(const StepContext& context) {
  std::vector<uint32_t> rows;
  for (const json::value& row : context.Output("train").record.at("holdout").as_array()) {
    rows.push_back(row.to_number<uint32_t>());
  }
  return rows;
}

Result<Judged> JudgeRows(const LoadedModel& model, const Frame& rows, const Column& labels) {
  Judged judged;
  QUERN_ASSIGN(training::KnownLabels known,
               training::LabelsFor(labels, ShapeOf(model.scorer->signature())));
  judged.target = std::move(known.target);
  judged.rows = std::move(known.rows);
  if (judged.rows.empty()) return judged;
  QUERN_ASSIGN(judged.scores, model.score(rows.Take(judged.rows)));
  return judged;
}

namespace {

struct Arrival {
  Frame inputs;
  ml::Scores scores;
  std::vector<std::string> ids;
};

/// The batch is scored through the server, row by row logged under ids that a repetition finds
/// again.
Result<Arrival> ScoreBatch(World& world, const StepContext& context, const std::string& batch,
                           const Champion& champion, const LoadedModel& model,
                           ModelClient& client) {
  Arrival arrival;
  QUERN_ASSIGN(const Frame rows, ReadSource(world, context, batch));
  arrival.inputs = model.Inputs(rows);
  const std::string digest = TextOf(context.Output("ingest:" + batch).record, "digest");
  const std::string request =
      fmt::format("{}-v{}-{}", batch, champion.version, digest.substr(0, 12));
  QUERN_ASSIGN(auto answer, client.Score(arrival.inputs, request));
  arrival.scores = std::move(answer.scores);
  arrival.ids = std::move(answer.prediction_ids);
  return arrival;
}

/// Every label of the batch goes to the server, as it would from outside; what joined, as a record.
Result<json::object> SendLabels(ModelClient& client, const Arrival& arrival, const Column& labels,
                                const std::string& batch) {
  std::vector<std::string> ids, texts;
  for (size_t row = 0; row < labels.size(); ++row) {
    if (labels.Missing(row)) continue;
    ids.push_back(arrival.ids[row]);
    texts.push_back(training::LabelText(labels, row));
  }
  QUERN_ASSIGN(const auto feedback, client.SendLabels(ids, texts, "source:" + batch));
  json::object record =
      monitoring::LabelsRecord(monitoring::JoinLabels(arrival.ids, ids)).as_object();
  record["unknown"] = feedback.unknown;
  return record;
}

}  // namespace

Step MakeMonitorStep(World& world, const std::string& batch, const std::string& before) {
  Step step = NewStep("monitor:" + batch, "monitor");
  step.needs = {"ingest:" + batch, "validate:" + batch, "train", "evaluate", before};
  AddParams(world, "monitoring.drift", step);
  AddParams(world, "data.target", step);
  AddParams(world, "evaluation.resamples", step);
  AddTracking(world, step);
  step.run = [&world, batch, before](StepContext& context) -> Result<StepOutput> {
    const Champion champion = ChampionOf(context.Output(before).record);
    QUERN_ASSIGN(const auto address,
                 world.host.Serve(champion.name, champion.version, champion.package));
    QUERN_ASSIGN(const LoadedModel model, LoadModel(world, champion.package));
    const model::Signature& signature = model.scorer->signature();
    ModelClient client(address.port, champion.name, signature);
    QUERN_ASSIGN(const Arrival arrival, ScoreBatch(world, context, batch, champion, model, client));

    // Data drift: against the rows that the champion's line began with.
    QUERN_ASSIGN(const training::Dataset training_rows,
                 LoadDataset(world, context, world.project.data.train));
    const auto columns =
        ColumnsOf(context.Output("ingest:" + world.project.data.train.front()).record);
    monitoring::DriftOptions options = world.project.monitoring.drift;
    options.kinds = KindsOf(columns);
    QUERN_ASSIGN(const auto drift, monitoring::CompareFrames(model.Inputs(training_rows.rows),
                                                             arrival.inputs, options));
    QUERN_ASSIGN(const std::vector<uint32_t> holdout, HoldOutOf(context));
    QUERN_ASSIGN(const Column training_labels, LabelsOf(world, training_rows.rows));
    QUERN_ASSIGN(const Judged reference,
                 JudgeRows(model, training_rows.rows.Take(holdout),
                           Frame{{training_labels}}.Take(holdout).columns.front()));
    QUERN_ASSIGN(const auto prediction_drift,
                 monitoring::CompareScores("score", ScoreColumn(reference.scores),
                                           ScoreColumn(arrival.scores), options));

    // Labels arrive afterwards, by prediction id.
    QUERN_ASSIGN(const Frame rows, ReadSource(world, context, batch));
    QUERN_ASSIGN(const Column label_column, LateLabelsOf(world, rows));
    QUERN_ASSIGN(const training::KnownLabels known,
                 training::LabelsFor(label_column, ShapeOf(signature)));
    const Judged current{known.rows, known.target, TakeScores(arrival.scores, known.rows)};
    QUERN_ASSIGN(json::object labels_json, SendLabels(client, arrival, label_column, batch));
    labels_json["unknown_classes"] = UnknownClasses(known);

    const training::TrainingSpec spec = TrainingOf(world, context.Output("train").record);
    std::map<std::string, stats::Interval> realised;
    monitoring::ConceptVerdict concept_drift{monitoring::ConceptState::kNoLabels,
                                             "no labels have arrived"};
    QUERN_ASSIGN(const auto expected, Expected(world, signature, arrival.scores));
    if (!current.rows.empty()) {
      QUERN_ASSIGN(realised,
                   training::MetricIntervals(current.target, current.scores,
                                             world.project.evaluation.resamples, spec.seed));
      QUERN_ASSIGN(const auto before_metrics,
                   training::MetricIntervals(reference.target, reference.scores,
                                             world.project.evaluation.resamples, spec.seed));
      const monitoring::PerformanceChange change{
          spec.metric, ml::FindMetric(spec.metric)->higher_is_better,
          before_metrics.at(spec.metric), realised.at(spec.metric), Find(expected, spec.metric)};
      QUERN_ASSIGN(concept_drift, Concept(signature, reference, current, change,
                                          LostColumns(signature, arrival.inputs)));
    }

    if (!known.unknown.empty()) concept_drift = NewClasses(known, concept_drift);

    StepOutput output;
    output.record = json::object{{"batch", batch},
                                 {"rows", arrival.inputs.rows()},
                                 {"model", champion.name},
                                 {"version", champion.version},
                                 {"quality", QualityOf(context.Output("validate:" + batch).record)},
                                 {"drift", monitoring::DriftRecord(drift)},
                                 {"prediction_drift", monitoring::ColumnRecord(prediction_drift)},
                                 {"labels", std::move(labels_json)},
                                 {"performance", RealisedJson(realised, expected)},
                                 {"concept_drift", monitoring::ConceptRecord(concept_drift)},
                                 {"champion", ChampionJson(champion)}};
    output.digest = RecordDigest(output.record);
    const std::string performance =
        realised.empty() ? "no labels"
                         : fmt::format("{} {:.3f} ({:.3f} to {:.3f})", spec.metric,
                                       realised.at(spec.metric).value, realised.at(spec.metric).low,
                                       realised.at(spec.metric).high);
    output.message = fmt::format("{} rows by v{}: {} of {} columns drifted, {}, concept drift: {}",
                                 arrival.inputs.rows(), champion.version,
                                 drift.dataset.drifted_columns, drift.dataset.columns, performance,
                                 monitoring::ConceptStateName(concept_drift.state));
    QUERN_TRY(NoteBatch(world, context, batch, champion, output.message));
    return output;
  };
  return step;
}

}  // namespace quern::pipeline
