#pragma once
// On which rows a metric of a version was measured, and whether two of them can be compared.
#include <optional>
#include <string>
#include <string_view>

#include "registry/dossier.h"

namespace quern::registry {

/// Rows that a metric was measured on.
struct MeasuredRows {
  /// "61 rows held out of cleveland"; "" if the store does not know.
  std::string text;
  /// The same for the same rows; "" if they cannot be told from others.
  std::string identity;
};

/// The rows of each metric of a version. What `quern run` trained was measured on the rows held
/// out, what it retrained on those of the batch that were set aside, a client's logged model on the
/// dataset that the client named. Borrows the dossier.
class MetricRows {
 public:
  explicit MetricRows(const Dossier& dossier);
  MeasuredRows Of(std::string_view metric) const;

 private:
  const Dossier& dossier_;
  std::optional<MeasuredRows> all_;  // where every metric was measured on the same
};

/// Nothing if it is not known.
std::optional<bool> SameRows(const MeasuredRows& a, const MeasuredRows& b);

}  // namespace quern::registry
