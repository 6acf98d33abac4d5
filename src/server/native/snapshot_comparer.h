#pragma once
// What tells two snapshots of a table apart, row by row. Rows lie in Parquet files, which this room
// does not read.
#include <functional>

#include "base/json.h"
#include "base/result.h"

namespace quern::server {

/// Of two records of `ingest`: `{"rows", "drift"}` (docs/server.md). Thread-safe. kNotFound: the
/// rows of one are gone.
using SnapshotComparer =
    std::function<Result<json::value>(const json::value& before, const json::value& after)>;

}  // namespace quern::server
