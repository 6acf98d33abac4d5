#pragma once
// Hyper-parameter search: declared ranges, random and TPE sampling. A suggestion is a function of
// (space, seed, history, number) alone; trials proceed in batches of fixed size, so results do not
// depend on the number of threads.
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ml/fit.h"

namespace quern::ml {

/// By parameter name; the order of the map is the order of the dimensions.
using Space = std::map<std::string, Range>;

/// `2..8` (integers), `0.1..0.9`, `log(0.01..0.3)`, `log(1..100)` (integers), `[a, b, 3]`.
/// kInvalidArgument: anything else, low >= high, log of a range that is not positive.
Result<Range> ParseRange(std::string_view text);
/// A choice among the given values; at least one.
Result<Range> ChoiceRange(std::vector<ParamValue> choices);
/// How ParseRange() would be given it.
std::string RangeText(const Range& range);
/// Every name is a parameter of `kind` and every value of its range is within the parameter's
/// bounds.
Status ValidateSpace(const std::string& kind, const Space& space);

struct Trial {
  enum class State { kRunning, kDone, kFailed };
  uint64_t number = 0;
  Params params;
  State state = State::kRunning;
  double value = 0;  // of kDone
};

/// Trials suggested together from the finished ones of earlier batches.
inline constexpr size_t kTrialBatch = 4;

/// Stateless and thread-safe.
class Sampler {
 public:
  virtual ~Sampler() = default;
  /// Parameters of trial `number`. `history` by ascending number; its running ones count as bad
  /// ones (constant liar), failed ones are not looked at.
  virtual Params Suggest(const std::vector<Trial>& history, uint64_t number) const = 0;
};

/// `name`: "random" or "tpe" (multivariate, 10 random start-up trials, 24 candidates; Optuna 5's
/// rules).
Result<std::unique_ptr<Sampler>> MakeSampler(std::string_view name, Space space, uint64_t seed,
                                             bool maximize);

/// The next `count` trials (at most kTrialBatch are sensible), numbered on from the history, each
/// seeing the others of the batch before it as running.
std::vector<Trial> SuggestBatch(const Sampler& sampler, const std::vector<Trial>& history,
                                size_t count);

}  // namespace quern::ml
