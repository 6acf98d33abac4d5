#pragma once
// Takes what the prediction log's segments hold into the table `predictions`: off the path of
// requests, many rows a transaction, each row once.
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/result.h"
#include "base/time.h"
#include "serving/log_decode.h"
#include "serving/log_segment.h"
#include "store/database.h"

namespace quern::serving {

struct MoveTotals {
  uint64_t rows = 0;      // that are in the database now and were not before
  uint64_t repeated = 0;  // that were there: a request sent again under its id
  uint64_t renamed = 0;   // whose id stood for another row: kept under an id of their own
  uint64_t broken = 0;    // places in segments that could not be read
};

/// Thread-safe, also against movers of other processes on the same folder, which must lie on this
/// machine. How far a segment was taken is stored in the transaction that stores its rows.
///
/// Ids: a row of a request with id R was answered as "R-0", "R-1", …. Sent again (same row, model
/// and version) it is stored once. If "R-0" stands for another row already, that row keeps the
/// name, and this one is stored under a UUIDv7 that came with it: nothing is lost, and a label for
/// "R-0" counts for the row that had the name first.
class PredictionMover {
 public:
  /// Borrows the database and the clock. `folder` may be absent: then there is nothing to move.
  PredictionMover(store::Database& database, const Clock& clock, std::string folder);
  ~PredictionMover();
  PredictionMover(const PredictionMover&) = delete;
  PredictionMover& operator=(const PredictionMover&) = delete;

  /// Everything whose answer went out before the call is in the database when this returns.
  /// Finished segments are removed once they are moved.
  Status CatchUp();
  /// Bytes of segments that are not in the database yet, as of the last CatchUp.
  uint64_t waiting_bytes() const;
  MoveTotals totals() const;

 private:
  struct Source;
  Status MoveAll() QUERN_REQUIRES(mutex_);
  Status MoveSegment(const std::string& name, uint64_t* waiting) QUERN_REQUIRES(mutex_);
  Result<Source*> Open(const std::string& name) QUERN_REQUIRES(mutex_);
  Result<bool> MovePart(const std::string& name, Source& source) QUERN_REQUIRES(mutex_);
  Status Remove(const std::string& name) QUERN_REQUIRES(mutex_);

  store::Database& database_;
  const Clock& clock_;
  std::string folder_;
  mutable Mutex mutex_;
  std::map<std::string, std::unique_ptr<Source>> sources_ QUERN_GUARDED_BY(mutex_);
  mutable Mutex totals_mutex_;
  MoveTotals totals_ QUERN_GUARDED_BY(totals_mutex_);
  uint64_t waiting_ QUERN_GUARDED_BY(totals_mutex_) = 0;
};

}  // namespace quern::serving
