#pragma once
// Every answered row, kept: what was asked, what was said, by which version. Labels find it by its
// id.
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "base/time.h"
#include "store/database.h"

namespace quern::serving {

struct PredictionRow {
  std::string features;  // JSON object: column -> number, text or null
  std::string scores;    // JSON array: probabilities in class order, or the one value
  std::string decision;  // class label, or the value in shortest form
};

/// The rows of one request.
struct PredictionBatch {
  /// The caller's id of the request; "" if it gave none.
  std::string request_id;
  std::string model;
  std::string version;
  int64_t made_at = 0;    // milliseconds since the epoch
  double latency_ms = 0;  // of scoring the batch
  std::vector<PredictionRow> rows;
};

enum class LogAck {
  /// Append() returns when the rows are on disk: what a client was told is never lost.
  kCommitted,
  /// Append() returns when the rows are queued: faster, a crash may lose the last ones.
  kQueued,
};

struct PredictionLogOptions {
  LogAck ack = LogAck::kCommitted;
  /// Rows waiting for the writer; beyond that Append() is kUnavailable.
  size_t max_queued_rows = 200'000;
};

/// Thread-safe. One thread writes; requests that arrive while it commits share the next
/// transaction, so the cost of a commit is divided by the load. `database` and `clock` must outlive
/// it.
///
/// Prediction ids: a row of a request with id R is "R-0", "R-1", …; without one it gets a UUIDv7. A
/// request repeated under its id (same rows, model and version) keeps the ids it had and is stored
/// once; an id used again for other rows is not trusted, those rows get UUIDv7s. Ids over 128
/// bytes, or with other than printable ASCII, are not used; with kQueued none are, for the answer
/// goes out before the check.
class PredictionLog {
 public:
  PredictionLog(store::Database& database, const Clock& clock, PredictionLogOptions options = {});
  /// Writes what is queued.
  ~PredictionLog();
  PredictionLog(const PredictionLog&) = delete;
  PredictionLog& operator=(const PredictionLog&) = delete;

  /// Returns one id per row. kUnavailable if the queue is full or the rows could not be stored.
  Result<std::vector<std::string>> Append(PredictionBatch batch);
  /// Waits until all that was queued before is written or has failed.
  void Flush();
  /// Rows that were accepted under kQueued and then could not be stored.
  uint64_t lost_rows() const;
  size_t queued_rows() const;

 private:
  struct Pending;
  void Run();
  void WriteGroup(std::deque<std::shared_ptr<Pending>> group);

  store::Database& database_;
  const Clock& clock_;
  PredictionLogOptions options_;
  mutable Mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable written_;
  std::deque<std::shared_ptr<Pending>> queue_ QUERN_GUARDED_BY(mutex_);
  size_t queued_rows_ QUERN_GUARDED_BY(mutex_) = 0;
  uint64_t lost_rows_ QUERN_GUARDED_BY(mutex_) = 0;
  bool busy_ QUERN_GUARDED_BY(mutex_) = false;
  bool stop_ QUERN_GUARDED_BY(mutex_) = false;
  std::thread writer_;
};

}  // namespace quern::serving
