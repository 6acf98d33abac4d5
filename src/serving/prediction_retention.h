#pragma once
// Predictions that are too old to be kept: out of the database, and their files out of the folder.
#include <cstdint>
#include <string>

#include "base/fs.h"
#include "base/result.h"
#include "store/database.h"

namespace quern::serving {

struct ExpiredPredictions {
  int64_t rows = 0;   // of the table `predictions`
  int64_t files = 0;  // that hold nothing younger
};

/// Below the state folder: Parquet files of predictions that left the table.
inline constexpr char kPredictionFiles[] = "tables/predictions";

/// Removes predictions made before `before_ms` (milliseconds since the epoch) with their labels,
/// and labels that came before then for predictions that are not there. Files go as a whole, once
/// all that is in them is older; they hold a day (UTC) at most. Killed in the middle, the next call
/// ends it. `remove` false: only counts.
Result<ExpiredPredictions> ExpirePredictions(store::Database& database, Fs& fs,
                                             const std::string& state_dir, int64_t before_ms,
                                             bool remove);

}  // namespace quern::serving
