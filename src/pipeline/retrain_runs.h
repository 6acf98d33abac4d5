#pragma once
// Retrainings in the tracking store: a run, with a trial for each candidate.
#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "ml/spec.h"
#include "pipeline/world.h"

namespace quern::pipeline {

/// A candidate as it was tried. Borrows its record (records.md "retrain", `candidates`).
struct CandidateTrial {
  const json::object* record = nullptr;
  /// Whose rows it learned from.
  std::vector<std::string> sources;
  int64_t start_ms = 0;
  int64_t end_ms = 0;
};

/// The learner that won the first training, with the parameters tuned there.
ml::LearnerSpec ChampionLearner(const json::value& trained);

/// Writes the retraining down; the ids of its trials, in the order of the candidates, of which
/// there is at least one.
Result<std::vector<std::string>> NoteCandidates(World& world, const StepContext& context,
                                                const std::string& batch,
                                                const training::TrainingSpec& spec,
                                                const std::vector<CandidateTrial>& candidates);

}  // namespace quern::pipeline
