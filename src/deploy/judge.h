#pragma once
// The verdict on a candidate, from the evidence at any moment: harm proven, harmlessness proven,
// the comparison broken, out of time, or not yet. Pure. Levels hold however often it is asked.
#include <boost/json/fwd.hpp>
#include <string>
#include <vector>

#include "base/json.h"
#include "deploy/evidence.h"
#include "deploy/strategy.h"
#include "stats/interval.h"

namespace quern::deploy {

enum class Call : uint8_t {
  kContinue,   // neither is proven
  kHarm,       // roll back
  kInvalid,    // the traffic was not divided as declared: the comparison means nothing
  kSafe,       // promote
  kUndecided,  // the time is up
};
std::string_view CallName(Call call);

/// One metric of stable and candidate.
struct MetricVerdict {
  Metric metric = Metric::kErrors;
  Watch watch = Watch::kOff;
  uint64_t events_stable = 0;
  uint64_t events_candidate = 0;
  uint64_t n_stable = 0;  // requests (callers, where a key divides them), or labels of `wrong`
  uint64_t n_candidate = 0;
  double log_e_harm = 0;        // against "ratio <= tolerate"
  double log_e_safe = 0;        // against "ratio >= margin"
  stats::Interval rate_stable;  // 95 %, valid at every look, as all intervals here
  stats::Interval rate_candidate;
  stats::Interval ratio;
  bool harm = false;
  bool safe = false;
  bool negligible = false;  // safe, as the candidate's rate itself is proven to be below the limit
};

struct Verdict {
  Call call = Call::kContinue;
  size_t arm = 1;
  uint64_t n_stable = 0;
  uint64_t n_candidate = 0;
  double log_e_split = 0;
  double harm_needs = 0;  // E that proves harm of one metric: metrics / alpha
  double safe_needs = 0;  // 1 / beta
  std::vector<MetricVerdict> metrics;
  stats::Interval latency_ms;  // difference of means, candidate minus stable
  /// The call and its reason in words: what an audit record and a page show.
  std::string sentence;
};

/// What is compared, and since when.
struct Comparison {
  const Strategy& strategy;
  const Evidence& evidence;
  std::string stable;  // versions, for the sentence
  std::string candidate;
  size_t arm = 1;
  size_t pairs = 1;    // candidates that are tested at once: alpha is divided by them too
  double seconds = 0;  // since the comparison began
  double limit = 0;    // seconds after which it is undecided
};

/// Harm comes first: where evidence is broken too, rolling back errs on the safe side. Harm is
/// proven when one watched metric's E reaches (number of watched metrics · pairs) / alpha
/// (Bonferroni). Harmlessness is proven when every required metric is safe at level beta (an
/// intersection: no correction), after the least number of requests and the least duration.
Verdict Judge(const Comparison& comparison);

json::value VerdictJson(const Verdict& verdict);

}  // namespace quern::deploy
