#pragma once
// Boosted trees through libxgboost, one thread, and its models read back as plain trees. Private to
// ml/learners.
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ml/fit.h"

namespace quern::ml {

/// A trained booster. Not thread-safe; different boosters may be used by different threads.
class Booster {
 public:
  Booster(Booster&&) noexcept;
  ~Booster();

  /// Trains `rounds` rounds on a dense matrix (NaN = missing). `labels` and `weights` per row.
  static Result<Booster> Train(const Matrix& x, const std::vector<float>& labels,
                               const std::vector<float>& weights,
                               const std::map<std::string, std::string>& params, size_t rounds,
                               const CancelToken* cancel);
  /// XGBoost's own prediction: probabilities or values, rows x outputs.
  Result<std::vector<float>> Predict(const Matrix& x) const;
  /// The model in XGBoost's UBJSON format.
  Result<std::string> Save() const;

 private:
  struct State;
  explicit Booster(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The trees of a saved model (UBJSON), with the base score in margin space.
/// kInternal: not a model of numeric trees as XGBoost 3 writes them.
Result<TreeEnsemble> ReadBoostedTrees(std::string_view ubjson);

}  // namespace quern::ml
