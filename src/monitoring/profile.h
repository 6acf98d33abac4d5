#pragma once
// A frozen summary of the reference rows, small enough to travel inside a model package, and drift
// of a table against it where the rows themselves are not at hand (a device, a model server).
#include <string>
#include <vector>

#include "base/frame.h"
#include "base/json.h"
#include "base/result.h"
#include "monitoring/drift.h"

namespace quern::monitoring {

/// Exactly one of `edges` and `labels` is filled. With edges, counts has k+2 cells: below the first
/// edge, the k bins (the last closed on both sides), above the last edge. With labels, counts has
/// k+1 cells: the labels, then every other value.
struct ColumnProfile {
  std::string column;
  ColumnKind kind = ColumnKind::kNumber;
  double rows = 0;
  double missing = 0;
  std::vector<double> edges;
  std::vector<std::string> labels;
  std::vector<double> counts;
  /// Numbers: at most 1000 order statistics, evenly spaced in rank; all values when there are
  /// fewer.
  std::vector<double> sample;
};

struct ReferenceProfile {
  std::vector<ColumnProfile> columns;
};

/// Profile of the reference rows; kinds and ignored columns as in the options.
ReferenceProfile BuildProfile(const Frame& reference, const DriftOptions& options);

/// The object under "profile" in a package's quern.json, and back. kDataLoss: what was read is no
/// profile, with the place.
json::value ProfileRecord(const ReferenceProfile& profile);
Result<ReferenceProfile> ReadProfile(const json::value& value);

/// The same tests, verdict rules and errors as CompareFrames, counts taken over the frozen bins, ks
/// and wasserstein against the sample. Equal to CompareFrames for categories, near it for numbers.
Result<DriftReport> CompareToProfile(const ReferenceProfile& profile, const Frame& current,
                                     const DriftOptions& options);

}  // namespace quern::monitoring
