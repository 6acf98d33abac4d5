#include "serving/prediction_log.h"

#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/digest.h"
#include "base/log.h"
#include "serving/log_frame.h"
#include "serving/prediction_retention.h"

namespace quern::serving {
namespace {

constexpr int64_t kSegmentMs = 10 * 60'000;
/// The mover gives way to whoever answers, but not so far that it falls behind for ever.
constexpr int kMoverNice = 5;
constexpr double kExpireSeconds = 3600;
/// Seconds between two reports of the same failure.

std::atomic<uint64_t> logs_made{0};

/// Lanes of this thread, by the number of their log. Gives them back when the thread ends.
struct ThreadLanes {
  struct Held {
    uint64_t log;
    std::shared_ptr<LogLane> lane;
  };
  std::vector<Held> held;

  ~ThreadLanes() {
    for (Held& h : held) h.lane->taken.store(false, std::memory_order_release);
  }
};
thread_local ThreadLanes thread_lanes;

/// A share of 0.1 keeps the requests whose hash is in the lowest tenth.
bool InShare(double share, std::string_view id) {
  if (share >= 1) return true;
  constexpr double kScale = 1.0 / 18446744073709551616.0;  // 2^-64
  return static_cast<double>(Hash64(id)) * kScale < share;
}

std::span<const std::string_view> MakeIds(const RowIdentity& identity, size_t rows, Arena& arena) {
  const std::span<std::string_view> ids = arena.Make<std::string_view>(rows);
  for (size_t i = 0; i < rows; ++i) {
    if (!identity.named) {
      const std::span<char> text = arena.Make<char>(kUuidText);
      FormatUuid(After(identity.first, i), text.first<kUuidText>());
      ids[i] = {text.data(), text.size()};
      continue;
    }
    constexpr size_t kDigits = 20;
    const std::span<char> text = arena.Make<char>(identity.request_id.size() + 1 + kDigits);
    char* end = std::copy(identity.request_id.begin(), identity.request_id.end(), text.data());
    *end++ = '-';
    end = std::to_chars(end, text.data() + text.size(), i).ptr;
    ids[i] = {text.data(), static_cast<size_t>(end - text.data())};
  }
  return ids;
}

}  // namespace

Result<std::unique_ptr<PredictionLog>> PredictionLog::Open(store::Database& database,
                                                           const Clock& clock,
                                                           PredictionLogOptions options) {
  QUERN_TRY(CheckLogPolicy(options.policy));
  QUERN_TRY(options.fs->MakeDirs(options.folder));
  return std::unique_ptr<PredictionLog>(new PredictionLog(database, clock, std::move(options)));
}

PredictionLog::PredictionLog(store::Database& database, const Clock& clock,
                             PredictionLogOptions options)
    : options_(std::move(options)),
      database_(database),
      clock_(clock),
      number_(logs_made.fetch_add(1)),
      lane_options_{options_.folder, options_.segment_bytes,
                    kSegmentMs,      options_.durability == LogDurability::kDisk,
                    options_.policy, options_.fs,
                    &clock},
      mover_(database, clock, options_.folder),
      allowed_(options_.max_waiting_bytes) {
  if (!options_.policy.key.empty()) hash_.emplace(options_.policy.key);
  move_thread_ = std::thread([this] {
    ::setpriority(PRIO_PROCESS, 0, kMoverNice);  // of this thread
    RunEvery(options_.move_seconds, [this] { return Move(); }, "moving predictions");
  });
  if (options_.durability == LogDurability::kProcess) {
    sync_thread_ = std::thread([this] {
      RunEvery(options_.sync_seconds, [this] { return Sync(); }, "syncing predictions");
    });
  }
}

PredictionLog::~PredictionLog() {
  if (const Status stopped = Stop(); !stopped) {
    quern::Log(LogLevel::kError, "prediction log: " + stopped.error().ToString() +
                                     "; the next server on this folder moves what is left");
  }
}

Status PredictionLog::Stop() {
  {
    MutexLock lock(mutex_);
    if (stop_) return {};
    stop_ = true;
  }
  stopping_.notify_all();
  move_thread_.join();
  if (sync_thread_.joinable()) sync_thread_.join();
  {
    MutexLock lock(mutex_);
    for (auto& lane : lanes_) lane->Close();
  }
  Status synced = Sync();
  QUERN_TRY(mover_.CatchUp());
  return synced;
}

/// This thread's lane. The first time it is made, or taken over from a thread that has ended.
LogLane& PredictionLog::Lane() {
  for (const ThreadLanes::Held& held : thread_lanes.held) {
    if (held.log == number_) return *held.lane;
  }
  MutexLock lock(mutex_);
  // Lanes of logs that are no more are nobody's but this thread's.
  std::erase_if(thread_lanes.held, [](const auto& held) { return held.lane.use_count() == 1; });
  for (const auto& lane : lanes_) {
    bool free = false;
    if (lane->taken.compare_exchange_strong(free, true, std::memory_order_acquire)) {
      thread_lanes.held.push_back({number_, lane});
      return *lane;
    }
  }
  lanes_.push_back(std::make_shared<LogLane>(lane_options_, hash_ ? &*hash_ : nullptr));
  thread_lanes.held.push_back({number_, lanes_.back()});
  return *lanes_.back();
}

bool PredictionLog::Full(const LogLane& lane) const {
  return written_.load(std::memory_order_relaxed) + lane.buffered_bytes() >=
         allowed_.load(std::memory_order_relaxed);
}

/// What it means that rows were not kept. OK: they are dropped, and counted.
Status PredictionLog::Refuse(uint64_t rows, Status reason) {
  if (options_.when_full == LogFull::kDrop) {
    dropped_.fetch_add(rows, std::memory_order_relaxed);
    return {};
  }
  refused_.fetch_add(rows, std::memory_order_relaxed);
  return reason;
}

/// The same for a failure of the system, which operators are told, but not with every request.
Status PredictionLog::Failed(uint64_t rows, const Error& error) {
  if (told_.IsDue()) quern::Log(LogLevel::kError, "prediction log: " + error.ToString());
  return Refuse(rows,
                Fail(Code::kUnavailable, "the prediction could not be logged, so it is not given"));
}

Result<std::span<const std::string_view>> PredictionLog::Log(const ScoredCall& scored,
                                                             Arena& arena) {
  if (options_.policy.share <= 0 || scored.rows == 0) return std::span<const std::string_view>();
  LogLane& lane = Lane();
  const std::string_view id = scored.call.id.value_or("");
  const Uuid first = lane.NextUuid(scored.made_at);
  const std::string_view decides =
      id.empty()
          ? std::string_view(reinterpret_cast<const char*>(first.bytes.data()), first.bytes.size())
          : id;
  if (!InShare(options_.policy.share, decides)) return std::span<const std::string_view>();
  const RowIdentity identity{CanBeKept(id) ? id : "", NamesRows(id), first};
  if (Full(lane)) {
    QUERN_TRY(Refuse(scored.rows,
                     Fail(Code::kUnavailable, "the prediction log is full", "try again shortly")));
    return std::span<const std::string_view>();
  }
  if (const Status added = lane.Add(scored, identity); !added) {
    if (added.error().code == Code::kInvalidArgument) return std::unexpected(added.error());
    QUERN_TRY(Failed(scored.rows, added.error()));
    return std::span<const std::string_view>();
  }
  if (!DeferredLog::Active()) {
    QUERN_ASSIGN(const bool kept, Commit(lane));
    if (!kept) return std::span<const std::string_view>();
  }
  return MakeIds(identity, scored.rows, arena);
}

Status PredictionLog::CommitDeferred() {
  QUERN_TRY(Commit(Lane()));
  return {};
}

/// What is in the buffer, into the segment. False: it was dropped.
Result<bool> PredictionLog::Commit(LogLane& lane) {
  const size_t bytes = lane.buffered_bytes();
  const uint64_t rows = lane.buffered_rows();
  if (bytes == 0) return true;
  const Status written = lane.Write();
  if (written) {
    written_.fetch_add(bytes, std::memory_order_relaxed);
    rows_.fetch_add(rows, std::memory_order_relaxed);
    return true;
  }
  QUERN_TRY(Failed(rows, written.error()));
  return false;
}

PredictionLogCounts PredictionLog::counts() const {
  PredictionLogCounts counts;
  counts.rows = rows_.load(std::memory_order_relaxed);
  counts.dropped_rows = dropped_.load(std::memory_order_relaxed);
  counts.refused_rows = refused_.load(std::memory_order_relaxed);
  const uint64_t written = written_.load(std::memory_order_relaxed);
  const uint64_t left = allowed_.load(std::memory_order_relaxed);
  const uint64_t free = left > written ? left - written : 0;
  counts.waiting_bytes = options_.max_waiting_bytes - std::min(free, options_.max_waiting_bytes);
  counts.moved = mover_.totals();
  return counts;
}

void PredictionLog::RunEvery(double seconds, const std::function<Status()>& work,
                             const char* what) {
  const auto pause = std::chrono::duration<double>(seconds);
  Seldom told(kReportSeconds);
  for (;;) {
    const Status done = work();
    if (!done && told.IsDue()) {
      quern::Log(LogLevel::kError, std::string(what) + ": " + done.error().ToString());
    }
    std::unique_lock lock(mutex_.native());
    if (stopping_.wait_for(lock, pause, [this] { return stop_; })) return;
  }
}

Status PredictionLog::Move() {
  // What is written while the mover looks counts twice until it looks again: never too little.
  const uint64_t written = written_.load(std::memory_order_relaxed);
  const Status moved = mover_.CatchUp();
  const uint64_t waiting = std::min(mover_.waiting_bytes(), options_.max_waiting_bytes);
  allowed_.store(written + options_.max_waiting_bytes - waiting, std::memory_order_relaxed);
  QUERN_TRY(moved);
  return Expire();
}

Status PredictionLog::Expire() {
  if (options_.retention_seconds <= 0) return {};
  if (expired_ != 0 && MonotonicSeconds() - expired_ < kExpireSeconds) return {};
  expired_ = MonotonicSeconds();
  const auto age = static_cast<int64_t>(options_.retention_seconds * 1000);
  QUERN_ASSIGN(const auto gone, ExpirePredictions(database_, *options_.fs, options_.state_dir,
                                                  clock_.NowMs() - age, true));
  if (gone.rows + gone.files > 0) {
    quern::Log(LogLevel::kInfo, "prediction log: " + std::to_string(gone.rows) + " rows and " +
                                    std::to_string(gone.files) +
                                    " files were older than the retention and are gone");
  }
  return {};
}

Status PredictionLog::Sync() {
  std::vector<std::shared_ptr<LogSegment>> segments;
  {
    MutexLock lock(mutex_);
    for (const auto& lane : lanes_) {
      for (auto& ended : lane->TakeEnded()) segments.push_back(std::move(ended));
      if (auto segment = lane->segment()) segments.push_back(std::move(segment));
    }
  }
  Status failed;
  for (const auto& segment : segments) {
    if (Status synced = segment->Sync(); !synced) failed = std::move(synced);
  }
  return failed;
}

}  // namespace quern::serving
