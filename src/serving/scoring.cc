#include "serving/scoring.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "serving/json_text.h"

namespace quern::serving {
namespace {

std::string FeaturesJson(const Frame& rows, size_t row) {
  std::string out = "{";
  for (const Column& column : rows.columns) {
    if (out.size() > 1) out += ',';
    AppendJsonText(&out, column.name);
    out += ':';
    if (column.Missing(row)) {
      out += "null";
    } else if (column.is_text) {
      AppendJsonText(&out, column.texts[row]);
    } else {
      AppendJsonNumber(&out, column.numbers[row]);
    }
  }
  out += '}';
  return out;
}

std::string ScoresJson(const ml::Scores& scores, size_t row) {
  std::string out;
  if (scores.classes == 0) {
    AppendJsonList(&out, 1, [&](size_t) { AppendJsonNumber(&out, scores.predictions[row]); });
    return out;
  }
  const double* first = scores.probabilities.data() + row * scores.classes;
  AppendJsonList(&out, scores.classes, [&](size_t i) { AppendJsonNumber(&out, first[i]); });
  return out;
}

/// A model whose answer has the wrong size or is not a number must not be believed.
Status CheckScores(const Signature& signature, const ml::Scores& scores, size_t rows) {
  bool regression = signature.task == ml::Task::kRegression;
  const std::vector<double>& values = regression ? scores.predictions : scores.probabilities;
  size_t expected = regression ? rows : rows * signature.classes.size();
  bool sizes = values.size() == expected && scores.classes == signature.classes.size() &&
               (regression || scores.labels.size() == rows);
  if (!sizes) return Fail(Code::kInternal, "the model answered with another number of rows");
  if (!std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); })) {
    return Fail(Code::kInternal, "the model answered with a value that is not a number");
  }
  return {};
}

PredictionBatch MakeBatch(const ServedModel& served, const Frame& rows, const ml::Scores& scores) {
  PredictionBatch batch;
  batch.model = served.name;
  batch.version = served.version;
  batch.rows.resize(rows.rows());
  for (size_t row = 0; row < batch.rows.size(); ++row) {
    batch.rows[row] = {FeaturesJson(rows, row), ScoresJson(scores, row),
                       DecisionText(served.signature(), scores, row)};
  }
  return batch;
}

}  // namespace

std::string DecisionText(const Signature& signature, const ml::Scores& scores, size_t row) {
  if (scores.classes == 0) return ShortestDouble(scores.predictions[row]);
  return signature.classes[scores.labels[row]];
}

Result<ScoreAnswer> ScoringService::Score(const ServedModel& served, const Frame& rows,
                                          const std::string& request_id) const {
  if (rows.rows() == 0) return Fail(Code::kInvalidArgument, "the request holds no rows");
  double begin = MonotonicSeconds();
  ScoreAnswer answer;
  QUERN_ASSIGN(answer.scores, served.model->Score(rows));
  double latency_ms = (MonotonicSeconds() - begin) * 1000;
  QUERN_TRY(CheckScores(served.signature(), answer.scores, rows.rows()));
  if (log_ != nullptr) {
    PredictionBatch batch = MakeBatch(served, rows, answer.scores);
    batch.request_id = request_id;
    batch.made_at = clock_.NowMs();
    batch.latency_ms = latency_ms;
    QUERN_ASSIGN(answer.prediction_ids, log_->Append(std::move(batch)));
  }
  metrics_.Scored(served, rows, answer.scores);
  return answer;
}

}  // namespace quern::serving
