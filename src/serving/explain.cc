#include "serving/explain.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "base/text.h"
#include "base/time.h"
#include "serving/call_note.h"
#include "serving/convert.h"
#include "serving/decision.h"
#include "serving/engine_run.h"
#include "serving/row_mixer.h"

namespace quern::serving {
namespace {

Result<size_t> ReadCount(const Parameter& parameter, size_t least, size_t most) {
  const auto* count = std::get_if<int64_t>(&parameter.value);
  if (count == nullptr || *count < 0 || static_cast<uint64_t>(*count) < least ||
      static_cast<uint64_t>(*count) > most) {
    return BadCall("parameter '" + std::string(parameter.name) + "' must be a whole number from " +
                   std::to_string(least) + " to " + std::to_string(most));
  }
  return static_cast<size_t>(*count);
}

double LogOdds(double probability) {
  const double p = std::clamp(probability, kLeastProbability, 1 - kLeastProbability);
  return std::log(p / (1 - p));
}

/// One call: what is asked of the engine for it.
class Explainer {
 public:
  Explainer(const ServedModel& served, const BoundInputs& rows, const ExplainOptions& options,
            double deadline)
      : served_(served),
        rows_(rows),
        background_(served.background()->rows()),
        options_(options),
        deadline_(deadline) {}

  /// `outputs`: what the engine answered for the rows.
  Status Prepare(std::span<const TensorView> outputs) {
    QUERN_ASSIGN(scores_, Read(outputs, rows_.rows));
    width_ = scores_.size() / rows_.rows;
    QUERN_TRY(CheckScale());
    Arena arena;
    std::span<TensorView> answers = arena.Make<TensorView>(outputs.size());
    QUERN_TRY(Run(background_, arena, answers));
    QUERN_ASSIGN(background_scores_, Read(answers, background_.rows));
    if (background_scores_.size() == width_ * background_.rows) return {};
    return Fail(Code::kInternal, "the model answered with another number of scores");
  }

  Result<RowExplanation> Explain(size_t row) {
    const std::span<const double> own = std::span(scores_).subspan(row * width_, width_);
    size_t target = 0;
    if (width_ == 2) target = 1;
    if (width_ > 2) {
      target = static_cast<size_t>(std::max_element(own.begin(), own.end()) - own.begin());
    }
    std::vector<double> base(background_.rows);
    for (size_t b = 0; b < base.size(); ++b) {
      base[b] = Scaled(background_scores_[b * width_ + target]);
    }
    const RowMixer mixer(served_, background_, rows_, row);
    const std::vector<uint8_t> differs = mixer.Differences();
    model::ShapleyGame game;
    game.columns = differs.size() / background_.rows;
    game.score = Scaled(own[target]);
    game.background = base;
    game.differs = differs;
    game.evaluate = [&](const model::MixedRows& mixed, std::span<double> scores) {
      return Evaluate(mixer, target, mixed, scores);
    };
    auto values = model::EstimateShapley(game, {options_.max_evaluations, options_.seed});
    if (!values) return std::unexpected(std::move(values).error());
    RowExplanation explained = Order(*values);
    explained.score = game.score;
    if (width_ > 1) explained.class_index = target;
    return explained;
  }

 private:
  double Scaled(double score) const { return options_.log_odds ? LogOdds(score) : score; }

  Status Run(const BoundInputs& inputs, Arena& arena, std::span<TensorView> outputs) const {
    // A block is a batch already.
    EngineTimes unused;
    return RunEngine(served_, inputs, {1, static_cast<size_t>(-1), deadline_, false}, arena,
                     outputs, &unused);
  }

  /// All scores of some rows as doubles.
  Result<std::vector<double>> Read(std::span<const TensorView> outputs, size_t rows) const {
    const TensorView& scores = outputs[*served_.score_output()];
    const size_t count = scores.elements();
    if (scores.shape.empty() || scores.shape[0] != static_cast<int64_t>(rows) || count == 0) {
      return Fail(Code::kInternal, "the model answered with another number of rows");
    }
    std::vector<double> values(count);
    for (size_t i = 0; i < count; ++i) {
      values[i] = NumberAt(scores.type, scores.data, i);
      if (!std::isfinite(values[i])) {
        LastCall().fault = AnswerFault::kNumber;
        return Fail(Code::kInternal, "the model answered with a value that is not a number");
      }
    }
    return values;
  }

  Status CheckScale() const {
    if (!options_.log_odds) return {};
    const bool between = std::all_of(scores_.begin(), scores_.end(),
                                     [](double score) { return score >= 0 && score <= 1; });
    if (width_ > 1 && between) return {};
    return BadCall("model '" + served_.name() + "' takes no parameter 'scale': 'log_odds'",
                   "only a classifier that answers probabilities has log-odds");
  }

  Status Evaluate(const RowMixer& mixer, size_t target, const model::MixedRows& mixed,
                  std::span<double> scores) {
    block_.Reset();
    std::span<TensorView> outputs = block_.Make<TensorView>(served_.engine().outputs().size());
    QUERN_TRY(Run(mixer.Mix(mixed, block_), block_, outputs));
    QUERN_ASSIGN(const std::vector<double> all, Read(outputs, scores.size()));
    if (all.size() != scores.size() * width_) {
      return Fail(Code::kInternal, "the model answered with another number of scores");
    }
    for (size_t i = 0; i < scores.size(); ++i) scores[i] = Scaled(all[i * width_ + target]);
    return {};
  }

  RowExplanation Order(const model::ShapleyValues& values) const {
    RowExplanation explained;
    explained.base_value = values.base_value;
    explained.background_rows = values.background_rows;
    explained.evaluations = values.evaluations;
    explained.exact = values.exact;
    for (size_t c = 0; c < values.columns.size(); ++c) {
      explained.reasons.push_back({c, values.columns[c].value, values.columns[c].standard_error});
    }
    std::stable_sort(explained.reasons.begin(), explained.reasons.end(),
                     [](const Reason& a, const Reason& b) {
                       return std::abs(a.contribution) > std::abs(b.contribution);
                     });
    if (options_.top == 0 || options_.top >= explained.reasons.size()) return explained;
    for (size_t i = options_.top; i < explained.reasons.size(); ++i) {
      explained.rest += explained.reasons[i].contribution;
    }
    explained.rest_columns = explained.reasons.size() - options_.top;
    explained.reasons.resize(options_.top);
    return explained;
  }

  const ServedModel& served_;
  const BoundInputs& rows_;
  const BoundInputs& background_;
  const ExplainOptions& options_;
  const double deadline_;
  std::vector<double> scores_;  // rows x width_
  std::vector<double> background_scores_;
  size_t width_ = 1;
  Arena block_;
};

/// Whether there is anything to explain and to compare with.
Status CheckModel(const ServedModel& served) {
  const std::string name = "model '" + served.name() + "' ";
  if (served.form() == InputForm::kTensors) {
    return BadCall(name + "takes tensors, not a table: there are no columns to explain it by");
  }
  if (!served.score_output()) return BadCall(name + "answers no score that could be explained");
  if (served.background() != nullptr) return {};
  if (served.leaves_out_background()) {
    return BadCall(name + "was packaged without background rows (deployment: explanations: false)",
                   "set deployment.explanations to true and train it again");
  }
  return BadCall(
      name +
          "has no rows to compare with: it was packaged without background rows, and its "
          "folder holds no input example",
      "save it with an input example, as mlflow.onnx.save_model(…, input_example=rows)");
}

Status CheckRows(const ServedModel& served, const BoundInputs& rows,
                 const ExplainOptions& options) {
  if (rows.rows > kMaxExplainedRows) {
    return BadCall(std::to_string(rows.rows) + " rows are too many to explain in one request",
                   "send at most " + std::to_string(kMaxExplainedRows));
  }
  if (rows.rows * options.max_evaluations > kMaxAllEvaluations) {
    return BadCall(std::to_string(rows.rows) + " rows of " +
                       std::to_string(options.max_evaluations) +
                       " evaluations are too much for one request",
                   "rows times max_evaluations may be " + std::to_string(kMaxAllEvaluations));
  }
  const std::span<const TensorView> background = served.background()->rows().views;
  for (size_t i = 0; i < background.size(); ++i) {
    if (std::ranges::equal(rows.views[i].shape.subspan(1), background[i].shape.subspan(1))) {
      continue;
    }
    return BadCall("the rows have shape " + ShapeText(rows.views[i].shape) +
                   ", the rows that they are compared with " + ShapeText(background[i].shape));
  }
  return {};
}

}  // namespace

Result<ExplainOptions> ReadExplainOptions(std::span<const Parameter> parameters) {
  ExplainOptions options;
  for (const Parameter& parameter : parameters) {
    if (parameter.name == "top") {
      QUERN_ASSIGN(options.top, ReadCount(parameter, 1, 1'000'000));
    } else if (parameter.name == "max_evaluations") {
      QUERN_ASSIGN(options.max_evaluations, ReadCount(parameter, 1, kMaxEvaluations));
    } else if (parameter.name == "seed") {
      QUERN_ASSIGN(options.seed, ReadCount(parameter, 0, size_t{1} << 62));
    } else if (parameter.name == "scale") {
      const auto* word = std::get_if<std::string_view>(&parameter.value);
      if (word == nullptr || (*word != "score" && *word != "log_odds")) {
        return BadCall("parameter 'scale' must be 'score' or 'log_odds'");
      }
      options.log_odds = *word == "log_odds";
    } else {
      return BadCall("unknown parameter " + Quoted(parameter.name),
                     "an explanation takes top, max_evaluations, seed and scale");
    }
  }
  return options;
}

Result<Explanation> Explain(ServedModelPtr served, const InferenceCall& call,
                            const ExplainOptions& options, Arena& arena) {
  CallNote& note = LastCall();
  note.Start(served->name(), served->version(), call.id.value_or(""), MonotonicSeconds());
  QUERN_TRY(CheckModel(*served));
  Explanation explanation;
  QUERN_ASSIGN(explanation.inputs, BindInputs(*served, call, arena));
  QUERN_TRY(CheckRows(*served, explanation.inputs, options));
  note.rows = explanation.inputs.rows;
  note.bound = MonotonicSeconds();
  std::span<TensorView> outputs = arena.Make<TensorView>(served->engine().outputs().size());
  const RunLimits limits{1, static_cast<size_t>(-1), call.deadline, false};
  EngineTimes unused;
  QUERN_TRY(RunEngine(*served, explanation.inputs, limits, arena, outputs, &unused));
  QUERN_TRY(CheckOutputs(*served, explanation.inputs.rows, outputs, &note.fault));
  Explainer explainer(*served, explanation.inputs, options, call.deadline);
  QUERN_TRY(explainer.Prepare(outputs));
  for (size_t row = 0; row < explanation.inputs.rows; ++row) {
    QUERN_ASSIGN(RowExplanation explained, explainer.Explain(row));
    explanation.rows.push_back(std::move(explained));
  }
  if (const auto label = served->label_output()) {
    const std::span<const int64_t> shape = outputs[*label].shape;
    const bool per_row = !shape.empty() && shape[0] == static_cast<int64_t>(note.rows);
    if (per_row) explanation.labels = &outputs[*label];
  }
  explanation.source = served->background()->source();
  note.ran = note.logged = MonotonicSeconds();
  served->metrics().Explained(explanation.rows.size());
  explanation.model = std::move(served);
  return explanation;
}

std::string ColumnName(const ServedModel& served, size_t column) {
  if (served.named_columns()) return served.columns()[column].name;
  return "column " + std::to_string(column);
}

}  // namespace quern::serving
