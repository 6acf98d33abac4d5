#pragma once
// A goal of the charter held against what was measured.
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "design/charter.h"

namespace quern::design {

enum class GateStatus { kPass, kFail, kPending };

/// A measured value with its 95 % limits; NaN limits where there are none.
struct Evidence {
  double value = std::numeric_limits<double>::quiet_NaN();
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();
};

struct Gate {
  bool key_metric = false;
  std::string id;
  std::string text;
  Goal goal;
  Evidence evidence;
  GateStatus status = GateStatus::kPending;

  /// "roc_auc is 0.82, 0.03 below the required 0.85".
  std::string Sentence() const;
};

/// Every measurable goal of the charter; those whose metric is not in `measured` are pending. The
/// point estimate decides, its interval is shown beside it.
std::vector<Gate> JudgeGates(const Charter& charter,
                             const std::map<std::string, Evidence>& measured);
/// No gate failed (pending ones do not count).
bool AllHold(const std::vector<Gate>& gates);
/// Sentences of the failed ones.
std::vector<std::string> Failures(const std::vector<Gate>& gates);

json::value GatesRecord(const std::vector<Gate>& gates);

}  // namespace quern::design
