#pragma once
// Every answered row, kept: what was asked, what was said, by which version. Labels find it by its
// id.
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/fs.h"
#include "base/keyed_hash.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/seldom.h"
#include "base/time.h"
#include "serving/log_lane.h"
#include "serving/log_mover.h"
#include "serving/log_schema.h"
#include "serving/prediction_sink.h"
#include "store/database.h"

namespace quern::serving {

/// What a prediction that was answered survives.
enum class LogDurability {
  kProcess,  // the end of the process, however it ends; power loss may take the last second
  kDisk,     // power loss: the disk has confirmed it before the answer
};

/// What becomes of a request whose rows cannot be kept: the disk is full, or too much waits for the
/// database.
enum class LogFull {
  kRefuse,  // it is answered 503
  kDrop,    // it is answered; its rows are lost, and counted
};

/// The log's folder within a state folder.
inline constexpr char kPredictionLogFolder[] = "prediction_log";

struct PredictionLogOptions {
  /// Where the segments lie; made if absent. Of this machine.
  std::string folder;
  LogDurability durability = LogDurability::kProcess;
  LogFull when_full = LogFull::kRefuse;
  LogPolicy policy;
  /// Bytes of a segment beyond which the next one begins.
  uint64_t segment_bytes = 64u << 20;
  /// Bytes that may wait for the database.
  uint64_t max_waiting_bytes = uint64_t{1} << 30;
  /// Seconds between two moves into the database, and between two syncs under kProcess.
  double move_seconds = 1;
  double sync_seconds = 1;
  /// Predictions older than this leave the database, and files of them below `state_dir` the disk
  /// (prediction_retention.h), looked at once an hour; 0 keeps them.
  double retention_seconds = 0;
  std::string state_dir;
  Fs* fs = &RealFs();
};

struct PredictionLogCounts {
  uint64_t rows = 0;           // that were acknowledged
  uint64_t dropped_rows = 0;   // that were answered and not kept (kDrop)
  uint64_t refused_rows = 0;   // whose requests were answered 503 (kRefuse)
  uint64_t waiting_bytes = 0;  // in segments, not in the database yet
  MoveTotals moved;
};

/// Thread-safe. Each thread appends to a segment of its own, by one write(2) per wake-up
/// (DeferredLog) or request, before the answers go out; a mover takes what is written into the
/// table `predictions`. After warm-up logging allocates nothing and takes no lock, but when a
/// segment ends. What was acknowledged is moved exactly once, also after `kill -9` (log_mover.h,
/// which says too how rows get their ids).
class PredictionLog : public PredictionSink {
 public:
  /// Borrows the database and the clock. What earlier processes left is moved too. kInvalidArgument
  /// for a policy that is none; errors of making the folder.
  static Result<std::unique_ptr<PredictionLog>> Open(store::Database& database, const Clock& clock,
                                                     PredictionLogOptions options);
  ~PredictionLog() override;
  PredictionLog(const PredictionLog&) = delete;
  PredictionLog& operator=(const PredictionLog&) = delete;

  bool blocks() const override { return options_.durability == LogDurability::kDisk; }
  Result<std::span<const std::string_view>> Log(const ScoredCall& scored, Arena& arena) override;
  Status CommitDeferred() override;

  /// Everything that was acknowledged before the call is in the database when this returns.
  Status CatchUp() { return mover_.CatchUp(); }
  /// Once no thread logs any more: moves everything and removes the segments. Idempotent.
  Status Stop();
  PredictionLogCounts counts() const;

 private:
  PredictionLog(store::Database& database, const Clock& clock, PredictionLogOptions options);
  LogLane& Lane();
  Result<bool> Commit(LogLane& lane);
  Status Refuse(uint64_t rows, Status reason);
  Status Failed(uint64_t rows, const Error& error);
  bool Full(const LogLane& lane) const;
  void RunEvery(double seconds, const std::function<Status()>& work, const char* what);
  Status Move();
  Status Expire();
  Status Sync();

  const PredictionLogOptions options_;
  store::Database& database_;
  const Clock& clock_;
  const uint64_t number_;  // of this object within the process
  std::optional<KeyedHash> hash_;
  LaneOptions lane_options_;
  PredictionMover mover_;
  static constexpr double kReportSeconds = 60;
  Seldom told_{kReportSeconds};  // failures to log
  std::atomic<uint64_t> rows_{0};
  std::atomic<uint64_t> dropped_{0};
  std::atomic<uint64_t> refused_{0};
  std::atomic<uint64_t> written_{0};  // bytes, of all lanes
  std::atomic<uint64_t> allowed_{0};  // bytes that may be written until the mover says more
  mutable Mutex mutex_;
  std::condition_variable stopping_;
  bool stop_ QUERN_GUARDED_BY(mutex_) = false;
  std::vector<std::shared_ptr<LogLane>> lanes_ QUERN_GUARDED_BY(mutex_);
  double expired_ = 0;  // MonotonicSeconds() of the last look; of the mover's thread
  std::thread move_thread_;
  std::thread sync_thread_;
};

}  // namespace quern::serving
