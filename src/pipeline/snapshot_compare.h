#pragma once
// Two snapshots of a source, row against row and column against column.
#include <string>

#include "base/fs.h"
#include "base/json.h"
#include "base/result.h"
#include "monitoring/drift.h"

namespace quern::pipeline {

struct SnapshotCompareOptions {
  /// The column that names a row; "": rows are told by their content.
  std::string key;
  /// How drift is judged; kinds are taken from the snapshots.
  monitoring::DriftOptions drift;
};

/// `before` and `after` are records of `ingest` (docs/format/records.md), whose snapshots lie below
/// `state_dir`. `{"rows": {"before", "after", "added", "removed", "changed"|null, "by": "key"|
/// "content", "key", "columns"}, "drift": DRIFT}`; rows are compared over `columns`, those that
/// both have with one type, and each row counts as often as it is there. kNotFound: the rows of a
/// snapshot are gone, or a record names none; kFailedPrecondition: nothing can be compared.
Result<json::value> CompareSnapshots(const json::value& before, const json::value& after,
                                     const std::string& state_dir,
                                     const SnapshotCompareOptions& options, Fs& fs);

}  // namespace quern::pipeline
