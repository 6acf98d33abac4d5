#pragma once
// Labels that come back for predictions: the last one counts, all are kept.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/database.h"

namespace quern::serving {

struct Label {
  std::string prediction_id;
  /// Class label or number, as text.
  std::string label;
  /// When the outcome became known, milliseconds since the epoch.
  std::optional<int64_t> time;
  /// Who says so; free text.
  std::string source;
};

/// Each label counts once in the first three.
struct FeedbackResult {
  size_t accepted = 0;   // the first for its prediction
  size_t updated = 0;    // differs from the one that counted before
  size_t unchanged = 0;  // says the same again
  /// Ids that no prediction has (yet): their labels are kept all the same. In the order given, once
  /// each.
  std::vector<std::string> unknown;
  /// Positions in the list of those that `accepted` counts.
  std::vector<size_t> first;
};

/// "1" and "1.0" are the same label; other text is compared as it stands.
bool SameLabel(std::string_view a, std::string_view b);

/// Stores labels in one transaction: all or none. Sending the same again changes nothing.
/// kInvalidArgument for an empty id or label, naming its place in the list.
Result<FeedbackResult> StoreFeedback(store::Database& database, std::span<const Label> labels,
                                     const Clock& clock);

}  // namespace quern::serving
