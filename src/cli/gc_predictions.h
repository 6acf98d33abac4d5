#pragma once
// Inside of cli/ only: what `quern gc` does with the predictions of a project.
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "cli/command.h"
#include "store/database.h"

namespace quern::cli {

/// Moves predictions older than `compact_after` ("30d") into Parquet files, and removes those older
/// than the project's `deployment: log: retention`. Without `remove` it only says what it would do.
Status ClearPredictions(const std::string& state_dir, store::Database& database,
                        const std::string& compact_after, bool remove, Context& context,
                        json::object* report);

}  // namespace quern::cli
