#include "training/train.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/parallel.h"
#include "base/random.h"
#include "base/text.h"
#include "ml/metrics.h"
#include "training/folds.h"

namespace quern::training {
namespace {

double MeanOf(const std::vector<double>& values) {
  double sum = 0;
  size_t n = 0;
  // A fold whose test rows have one class has no AUC: it says nothing about the model.
  for (double value : values) {
    if (std::isnan(value)) continue;
    sum += value;
    ++n;
  }
  return n == 0 ? std::nan("") : sum / static_cast<double>(n);
}

/// State shared by the trials of one training.
struct Search {
  const TrainingSpec& spec;
  const ml::PrepSpec& prep;
  const std::vector<Fold>& folds;
  const TrainOptions& options;
  size_t done = 0;
  size_t total = 0;

  /// Runs all (trial, fold) pairs of a batch in parallel and fills in the trials. A trial that
  /// cannot be fitted fails alone; cancellation and the first trial's failure stop the search.
  Status Run(std::span<TrialResult> batch);
  /// With the place of the model's declaration.
  Error FitError(const TrialResult& trial, Error error) const;
};

Error Search::FitError(const TrialResult& trial, Error error) const {
  for (const ModelSpec& model : spec.models) {
    if (model.name == trial.model && error.where.line == 0) error.where = model.where;
  }
  error.context.push_back("fitting " + trial.model);
  return error;
}

Status Search::Run(std::span<TrialResult> batch) {
  std::vector<Result<FoldOutcome>> outcomes(batch.size() * folds.size());
  const Rng rng(spec.seed);
  QUERN_TRY(ParallelFor(
      outcomes.size(), options.threads,
      [&](size_t task) -> Status {
        const size_t f = task % folds.size();
        const TrialResult& trial = batch[task / folds.size()];
        outcomes[task] = RunFold(spec, prep, trial.learner, folds[f],
                                 rng.Fork(trial.model).Fork(f).Next(), options.cancel);
        if (!outcomes[task] && outcomes[task].error().code == Code::kCancelled) {
          return std::unexpected(outcomes[task].error());
        }
        return {};
      },
      options.cancel));
  for (size_t t = 0; t < batch.size(); ++t) {
    TrialResult& trial = batch[t];
    for (size_t f = 0; f < folds.size(); ++f) {
      auto& outcome = outcomes[t * folds.size() + f];
      if (!outcome) {
        trial.failure = outcome.error().message;
        if (trial.number == 0) return std::unexpected(FitError(trial, outcome.error()));
        break;
      }
      for (const auto& [name, value] : outcome->metrics) trial.metrics[name].push_back(value);
      trial.seconds += outcome->seconds;
    }
    if (trial.failure.empty()) trial.value = MeanOf(trial.metrics[spec.metric]);
  }
  done += batch.size();
  if (options.progress != nullptr) options.progress->Update(done, total, "trials");
  return {};
}

ml::Trial ToTrial(const TrialResult& result) {
  const bool good = result.failure.empty() && !std::isnan(result.value);
  return {result.number, result.learner.params,
          good ? ml::Trial::State::kDone : ml::Trial::State::kFailed, result.value};
}

Status TuneModel(Search& search, const ModelSpec& model, std::vector<TrialResult>& trials) {
  TrialResult first;
  first.model = model.name;
  first.learner = model.learner;
  std::vector<TrialResult> mine{first};
  QUERN_TRY(search.Run(mine));
  if (!model.tune.empty()) {
    const bool maximize = ml::FindMetric(search.spec.metric)->higher_is_better;
    QUERN_ASSIGN(
        const auto sampler,
        ml::MakeSampler(search.spec.tune.sampler, model.tune,
                        Rng(search.spec.seed).Fork("tune " + model.name).Next(), maximize));
    while (mine.size() < search.spec.tune.trials) {
      std::vector<ml::Trial> history;
      for (const TrialResult& trial : mine) {
        ml::Trial past = ToTrial(trial);
        // The sampler knows the tuned dimensions only; the declared parameters stay as they are.
        std::erase_if(past.params, [&](const auto& p) { return !model.tune.contains(p.first); });
        for (const auto& [name, range] : model.tune) {
          if (!past.params.contains(name)) past.state = ml::Trial::State::kFailed;
        }
        history.push_back(std::move(past));
      }
      const size_t count = std::min(ml::kTrialBatch, search.spec.tune.trials - mine.size());
      std::vector<TrialResult> batch;
      for (const ml::Trial& suggestion : ml::SuggestBatch(*sampler, history, count)) {
        TrialResult trial = first;
        trial.number = suggestion.number;
        for (const auto& [name, value] : suggestion.params) trial.learner.params[name] = value;
        batch.push_back(std::move(trial));
      }
      QUERN_TRY(search.Run(batch));
      for (TrialResult& trial : batch) mine.push_back(std::move(trial));
    }
  }
  trials.insert(trials.end(), mine.begin(), mine.end());
  return {};
}

ModelResult BestOf(const TrainingSpec& spec, const ModelSpec& model,
                   const std::vector<TrialResult>& trials) {
  const double sign = ml::FindMetric(spec.metric)->higher_is_better ? 1 : -1;
  const TrialResult* best = nullptr;
  ModelResult result;
  for (const TrialResult& trial : trials) {
    if (trial.model != model.name) continue;
    ++result.trials;
    if (!trial.failure.empty() || std::isnan(trial.value)) continue;
    if (best == nullptr || sign * trial.value > sign * best->value) best = &trial;
  }
  result.name = model.name;
  result.learner = best != nullptr ? best->learner : model.learner;
  result.tuned = !model.tune.empty();
  result.value = best != nullptr ? best->value : std::nan("");
  if (best != nullptr) result.metrics = best->metrics;
  if (best != nullptr) result.fit_seconds = best->seconds;
  return result;
}

/// From simple to complex: what "the simpler model" means.
size_t Complexity(const std::string& kind) {
  constexpr std::array<std::string_view, 7> kOrder{
      "dummy", "logistic", "linear", "decision_tree", "knn", "random_forest", "gradient_boosting"};
  for (size_t i = 0; i < kOrder.size(); ++i) {
    if (kOrder[i] == kind) return i;
  }
  return kOrder.size();
}

size_t PickBaseline(const std::vector<ModelResult>& models, size_t selected) {
  size_t best = selected;
  double best_rank = -1;
  for (size_t i = 0; i < models.size(); ++i) {
    const size_t complexity = Complexity(models[i].learner.kind);
    if (complexity >= Complexity(models[selected].learner.kind)) continue;
    // A linear model is the yardstick of tables; without one, the most capable of the simpler ones.
    const bool linear = models[i].learner.kind == "logistic" || models[i].learner.kind == "linear";
    const double rank = linear ? 100 : static_cast<double>(complexity);
    if (rank > best_rank) {
      best_rank = rank;
      best = i;
    }
  }
  return best;
}

ml::SplitSpec SplitOf(const TrainingSpec& spec, const Dataset& dataset) {
  ml::SplitSpec split;
  split.test = spec.test;
  split.stratify = spec.stratify && dataset.target.task != ml::Task::kRegression;
  split.folds = spec.folds;
  split.repeats = spec.repeats;
  split.groups = dataset.groups ? &*dataset.groups : nullptr;
  split.times = dataset.times ? &*dataset.times : nullptr;
  return split;
}

Result<std::vector<ml::Split>> MakeFolds(const TrainingSpec& spec, const Dataset& dataset) {
  return ml::Folds(SplitOf(spec, dataset), dataset.target, Rng(spec.seed).Fork("folds"));
}

/// Out-of-fold threshold of one learner; kFixed costs nothing.
Result<double> FindThreshold(const TrainingSpec& spec, const ml::PrepSpec& prep,
                             const ml::LearnerSpec& learner, const std::vector<Fold>& folds,
                             const TrainOptions& options) {
  if (spec.threshold_rule == ThresholdRule::kFixed) return spec.threshold;
  std::vector<Result<FoldOutcome>> outcomes(folds.size());
  QUERN_TRY(ParallelFor(
      folds.size(), options.threads,
      [&](size_t f) -> Status {
        outcomes[f] =
            RunFold(spec, prep, learner, folds[f], Rng(spec.seed).Fork(f).Next(), options.cancel);
        if (!outcomes[f]) return std::unexpected(outcomes[f].error());
        return {};
      },
      options.cancel));
  std::vector<double> scores;
  std::vector<uint32_t> labels;
  for (size_t f = 0; f < folds.size(); ++f) {
    for (size_t row = 0; row < folds[f].test_target.index.size(); ++row) {
      scores.push_back(outcomes[f]->scores.probabilities[row * 2 + 1]);
      labels.push_back(folds[f].test_target.index[row]);
    }
  }
  return ChooseThreshold(spec, scores, labels);
}

Result<ml::FittedPipeline> FitWithThreshold(const TrainingSpec& spec, const ml::PrepSpec& prep,
                                            const ml::LearnerSpec& learner, const Dataset& dataset,
                                            const std::vector<Fold>& folds,
                                            const TrainOptions& options) {
  ml::FitOptions fit;
  fit.seed = Rng(spec.seed).Fork("fit").Next();
  fit.class_weights = ClassWeights(spec, dataset.target);
  fit.cancel = options.cancel;
  QUERN_ASSIGN(ml::FittedPipeline fitted,
               ml::Fit(prep, learner, dataset.rows, dataset.target, fit));
  if (dataset.target.task == ml::Task::kBinary) {
    QUERN_ASSIGN(fitted.threshold, FindThreshold(spec, prep, learner, folds, options));
  }
  return fitted;
}

}  // namespace

Result<TrainResult> CompareModels(const TrainingSpec& spec, const ml::PrepSpec& prep,
                                  const Dataset& rows, const TrainOptions& options) {
  QUERN_TRY(CheckTask(spec, rows.target.task));
  TrainResult result;
  QUERN_ASSIGN(result.folds, MakeFolds(spec, rows));
  const std::vector<Fold> folds = CutFolds(rows, result.folds);
  Search search{spec, prep, folds, options};
  for (const ModelSpec& model : spec.models) {
    search.total += model.tune.empty() ? 1 : std::max<size_t>(1, spec.tune.trials);
  }
  for (const ModelSpec& model : spec.models) {
    QUERN_TRY(TuneModel(search, model, result.trials));
    result.models.push_back(BestOf(spec, model, result.trials));
  }

  const double sign = ml::FindMetric(spec.metric)->higher_is_better ? 1 : -1;
  for (size_t i = 1; i < result.models.size(); ++i) {
    const double best = result.models[result.selected].value;
    if (std::isnan(best) || sign * result.models[i].value > sign * best) result.selected = i;
  }
  const ModelResult& chosen = result.models[result.selected];
  result.baseline = PickBaseline(result.models, result.selected);
  result.reason = fmt::format("{} has the best mean {} over {} folds: {:.4f}", chosen.name,
                              spec.metric, folds.size(), chosen.value);
  for (const TrialResult& trial : result.trials) {
    if (trial.failure.empty()) continue;
    result.warnings.push_back(
        fmt::format("trial {} of {} failed: {}", trial.number, trial.model, trial.failure));
  }
  return result;
}

Result<TrainResult> Train(const TrainingSpec& spec, const ml::PrepSpec& prep,
                          const Dataset& dataset, const TrainOptions& options) {
  QUERN_TRY(CheckTask(spec, dataset.target.task));
  QUERN_ASSIGN(ml::Split holdout,
               ml::HoldOut(SplitOf(spec, dataset), dataset.target, Rng(spec.seed).Fork("holdout")));
  const Dataset rows = TakeRows(dataset, holdout.train);
  QUERN_ASSIGN(TrainResult result, CompareModels(spec, prep, rows, options));
  result.holdout = std::move(holdout);
  const std::vector<Fold> folds = CutFolds(rows, result.folds);
  const auto fit = [&](size_t model) {
    return FitWithThreshold(spec, prep, result.models[model].learner, rows, folds, options);
  };
  QUERN_ASSIGN(result.fitted, fit(result.selected));
  QUERN_ASSIGN(result.baseline_fitted, fit(result.baseline));
  result.warnings.insert(result.warnings.begin(), result.fitted.warnings.begin(),
                         result.fitted.warnings.end());
  return result;
}

Result<ml::FittedPipeline> FitOne(const TrainingSpec& spec, const ml::PrepSpec& prep,
                                  const ml::LearnerSpec& learner, const Dataset& dataset,
                                  const TrainOptions& options) {
  std::vector<Fold> folds;
  if (spec.threshold_rule != ThresholdRule::kFixed && dataset.target.task == ml::Task::kBinary) {
    QUERN_ASSIGN(const auto splits, MakeFolds(spec, dataset));
    folds = CutFolds(dataset, splits);
  }
  return FitWithThreshold(spec, prep, learner, dataset, folds, options);
}

}  // namespace quern::training
