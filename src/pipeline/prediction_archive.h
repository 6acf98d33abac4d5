#pragma once
// Predictions out of the database into Parquet files, where many of them take little room, and read
// from both.
#include <cstdint>
#include <functional>
#include <string>

#include "base/cancel.h"
#include "base/fs.h"
#include "base/result.h"
#include "base/time.h"
#include "serving/history.h"
#include "store/database.h"

namespace quern::pipeline {

struct ArchivedPredictions {
  int64_t rows = 0;
  int64_t files = 0;
};

/// Moves predictions made before `before_ms` (milliseconds since the epoch), with the labels that
/// they have, into files below `tables/predictions/` of the state folder, listed in
/// `prediction_files`: at most a day (UTC) and 200,000 rows each. A row is in the table or in a
/// listed file, never in both, whenever this is killed or the connection is lost; what is left then
/// is at most a file that no list names. kAborted if rows kept arriving meanwhile.
Result<ArchivedPredictions> ArchivePredictions(store::Database& database, Fs& fs,
                                               const std::string& state_dir, int64_t before_ms,
                                               const Clock& clock, const CancelToken& cancel);

/// How many rows ArchivePredictions would move.
Result<int64_t> CountArchivable(store::Database& database, int64_t before_ms);

/// As serving::ReadPredictions, with those in files: first these, oldest first, then those of the
/// table. A label that came after its prediction was moved counts as any other. kNotFound or
/// kDataLoss naming a listed file that cannot be read.
Status ReadAllPredictions(store::Database& database, Fs& fs, const std::string& state_dir,
                          const serving::PredictionFilter& filter,
                          const std::function<Status(serving::LoggedPrediction)>& on_row);

}  // namespace quern::pipeline
