#include "pipeline/retrain_rows.h"

#include <algorithm>
#include <set>

#include "base/random.h"
#include "ml/split.h"
#include "pipeline/batch.h"

namespace quern::pipeline {
namespace {

Result<training::Dataset> LabelledRows(const World& world, const StepContext& context,
                                       const std::string& batch, const ml::FittedPipeline& shape) {
  training::Dataset labelled;
  QUERN_ASSIGN(const Frame rows, ReadSource(world, context, batch));
  QUERN_ASSIGN(const Column labels, LateLabelsOf(world, rows));
  QUERN_ASSIGN(training::KnownLabels known, training::LabelsFor(labels, shape));
  labelled.target = std::move(known.target);
  labelled.rows = rows.Take(known.rows);
  QUERN_TRY(Steer(world, labelled));
  return labelled;
}

Result<BatchRows> Sides(const World& world, const std::string& batch,
                        const training::Dataset& labelled) {
  ml::SplitSpec split;
  split.test = world.project.retraining.holdout;
  split.stratify = labelled.target.task != ml::Task::kRegression;
  split.groups = labelled.groups ? &*labelled.groups : nullptr;
  split.times = labelled.times ? &*labelled.times : nullptr;
  const Rng rng = Rng(world.project.training.seed).Fork("retrain " + batch);
  auto sides = ml::HoldOut(split, labelled.target, rng);
  if (!sides && split.stratify) {
    // A class with a single row cannot be on both sides; chance decides where it goes.
    split.stratify = false;
    sides = ml::HoldOut(split, labelled.target, rng);
  }
  if (!sides) return std::unexpected(sides.error());
  return BatchRows{TakeRows(labelled, sides->train), TakeRows(labelled, sides->test)};
}

Status AppendRows(const World& world, training::Dataset& into, const training::Dataset& more) {
  into.rows.Append(more.rows);
  into.target.index.insert(into.target.index.end(), more.target.index.begin(),
                           more.target.index.end());
  into.target.values.insert(into.target.values.end(), more.target.values.begin(),
                            more.target.values.end());
  return Steer(world, into);
}

/// The rows of `all` whose group has none in `judge`.
training::Dataset WithoutGroupsOf(const training::Dataset& judge, const training::Dataset& all) {
  if (!all.groups || !judge.groups) return all;
  std::set<std::string> judging;
  for (size_t row = 0; row < judge.groups->size(); ++row) {
    if (!judge.groups->Missing(row)) judging.insert(training::LabelText(*judge.groups, row));
  }
  std::vector<uint32_t> kept;
  for (uint32_t row = 0; row < all.groups->size(); ++row) {
    const bool judges =
        !all.groups->Missing(row) && judging.contains(training::LabelText(*all.groups, row));
    if (!judges) kept.push_back(row);
  }
  return TakeRows(all, kept);
}

Result<training::Dataset> FirstTrainingRows(const World& world, const StepContext& context) {
  QUERN_ASSIGN(const training::Dataset rows, LoadDataset(world, context, world.project.data.train));
  QUERN_ASSIGN(const auto holdout, HoldOutOf(context));
  const std::set<uint32_t> out_of_bounds(holdout.begin(), holdout.end());
  std::vector<uint32_t> kept;
  for (uint32_t row = 0; row < rows.target.rows(); ++row) {
    if (!out_of_bounds.contains(row)) kept.push_back(row);
  }
  return TakeRows(rows, kept);
}

}  // namespace

Result<BatchRows> SplitBatch(const World& world, const StepContext& context,
                             const std::string& batch, const ml::FittedPipeline& shape) {
  QUERN_ASSIGN(const training::Dataset labelled, LabelledRows(world, context, batch, shape));
  return Sides(world, batch, labelled);
}

Result<std::vector<Candidate>> Candidates(const World& world, const StepContext& context,
                                          const std::vector<std::string>& earlier,
                                          const BatchRows& batch, const ml::FittedPipeline& shape) {
  std::vector<Candidate> out;
  for (const std::string& data : world.project.retraining.data) {
    if (data == "new_only") {
      out.push_back({"new_only", "this batch's labelled rows", batch.learn});
      continue;
    }
    QUERN_ASSIGN(training::Dataset combined, FirstTrainingRows(world, context));
    for (const std::string& name : earlier) {
      QUERN_ASSIGN(const training::Dataset past, LabelledRows(world, context, name, shape));
      // A batch too small for two sides judged nobody: all of it may teach.
      const auto sides = Sides(world, name, past);
      QUERN_TRY(AppendRows(world, combined, sides ? sides->learn : past));
    }
    QUERN_TRY(AppendRows(world, combined, batch.learn));
    std::vector<std::string> others = world.project.data.train;
    others.insert(others.end(), earlier.begin(), earlier.end());
    out.push_back({"combined", "first training, earlier batches and this batch",
                   WithoutGroupsOf(batch.judge, combined), std::move(others)});
  }
  return out;
}

}  // namespace quern::pipeline
