#include "tracking/run_book.h"

#include <algorithm>

#include "tracking/names.h"

namespace quern::tracking {

std::string TrialKey(const std::string& key, size_t number) {
  return key + "/" + std::to_string(number);
}

RunFamily Marked(RunFamily family) {
  family.parent.tags[kKeyTag] = family.key;
  family.parent.tags[kPlaceTag] = family.place;
  for (size_t i = 0; i < family.trials.size(); ++i) {
    family.trials[i].tags[kKeyTag] = TrialKey(family.key, i + 1);
    family.trials[i].tags[kPlaceTag] = family.place;
  }
  return family;
}

std::vector<Batch> BatchesOf(const RunDraft& draft) {
  std::vector<Batch> batches;
  auto param = draft.params.begin();
  size_t metric = 0;
  while (param != draft.params.end() || metric < draft.metrics.size()) {
    Batch& batch = batches.emplace_back();
    for (; param != draft.params.end() && batch.params.size() < kMaxBatchParams; ++param) {
      batch.params.emplace_back(param->first, param->second);
    }
    const size_t end =
        std::min(draft.metrics.size(), metric + kMaxBatchMetrics - batch.params.size());
    for (; metric < end; ++metric) {
      batch.metrics.push_back(draft.metrics[metric]);
      if (batch.metrics.back().time_ms == 0) batch.metrics.back().time_ms = draft.end_ms;
    }
  }
  return batches;
}

}  // namespace quern::tracking
