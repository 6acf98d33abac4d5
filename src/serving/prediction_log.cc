#include "serving/prediction_log.h"

#include <algorithm>

#include "base/ids.h"
#include "base/log.h"

namespace quern::serving {
namespace {

constexpr size_t kMaxRequestId = 128;
/// Rows of one INSERT statement: parsing SQL costs more than storing a row.
constexpr size_t kRowsPerInsert = 64;

bool UsableId(const std::string& id) {
  return !id.empty() && id.size() <= kMaxRequestId &&
         std::all_of(id.begin(), id.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string InsertSql(size_t rows) {
  std::string sql =
      "INSERT INTO predictions (prediction_id, request_id, row_index, model, version, made_at, "
      "features, scores, decision, latency_ms) VALUES ";
  for (size_t i = 0; i < rows; ++i)
    sql += i == 0 ? "(?,?,?,?,?,?,?,?,?,?)" : ",(?,?,?,?,?,?,?,?,?,?)";
  return sql + " ON CONFLICT (prediction_id) DO NOTHING";
}

std::vector<std::string> FreshIds(size_t count, const Clock& clock) {
  std::vector<std::string> ids(count);
  for (std::string& id : ids) id = NewUuid7(clock);
  return ids;
}

/// Collects rows and stores them many at a time.
class Inserter {
 public:
  explicit Inserter(store::Database& database) : database_(database) {}

  Status Add(const PredictionBatch& batch, const std::vector<std::string>& ids) {
    for (size_t i = 0; i < ids.size(); ++i) {
      const PredictionRow& row = batch.rows[i];
      params_.insert(params_.end(),
                     {ids[i], batch.request_id, static_cast<int64_t>(i), batch.model, batch.version,
                      batch.made_at, row.features, row.scores, row.decision, batch.latency_ms});
      if (++rows_ == kRowsPerInsert) QUERN_TRY(Flush());
    }
    return {};
  }

  Status Flush() {
    if (rows_ == 0) return {};
    static const std::string full = InsertSql(kRowsPerInsert);
    Status status = database_.Execute(rows_ == kRowsPerInsert ? full : InsertSql(rows_), params_);
    params_.clear();
    rows_ = 0;
    return status;
  }

 private:
  store::Database& database_;
  std::vector<store::Param> params_;
  size_t rows_ = 0;
};

/// What is stored under `id`: nothing, the same row, or another.
enum class Stored { kNothing, kSame, kOther };

Result<Stored> Compare(store::Database& database, const std::string& id,
                       const PredictionBatch& batch, const PredictionRow& row) {
  Stored stored = Stored::kNothing;
  QUERN_TRY(
      database.Query("SELECT model, version, features FROM predictions WHERE prediction_id = ?",
                     {id}, [&](const store::Row& found) {
                       bool same = found.Text(0) == batch.model && found.Text(1) == batch.version &&
                                   found.Text(2) == row.features;
                       stored = same ? Stored::kSame : Stored::kOther;
                     }));
  return stored;
}

/// Ids made of the request's, unless they already stand for other rows.
Result<std::vector<std::string>> ChooseIds(store::Database& database, const PredictionBatch& batch,
                                           const Clock& clock, Inserter& inserter) {
  if (!UsableId(batch.request_id)) return FreshIds(batch.rows.size(), clock);
  QUERN_TRY(inserter.Flush());  // the same id may stand earlier in this group
  std::vector<std::string> ids(batch.rows.size());
  bool first_known = false;
  for (size_t i = 0; i < ids.size(); ++i) {
    ids[i] = batch.request_id + "-" + std::to_string(i);
    if (i > 0 && !first_known) continue;
    QUERN_ASSIGN(Stored stored, Compare(database, ids[i], batch, batch.rows[i]));
    if (stored == Stored::kOther) return FreshIds(batch.rows.size(), clock);
    if (i == 0) first_known = stored == Stored::kSame;
  }
  return ids;
}

}  // namespace

struct PredictionLog::Pending {
  PredictionBatch batch;
  std::vector<std::string> ids;
  Status status;
  bool done = false;
};

PredictionLog::PredictionLog(store::Database& database, const Clock& clock,
                             PredictionLogOptions options)
    : database_(database), clock_(clock), options_(options), writer_([this] { Run(); }) {}

PredictionLog::~PredictionLog() {
  {
    MutexLock lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  writer_.join();
}

Result<std::vector<std::string>> PredictionLog::Append(PredictionBatch batch) {
  auto pending = std::make_shared<Pending>();
  size_t rows = batch.rows.size();
  std::vector<std::string> early;
  if (options_.ack == LogAck::kQueued) {
    early = FreshIds(rows, clock_);
    pending->ids = early;
  }
  pending->batch = std::move(batch);
  std::unique_lock lock(mutex_.native());
  if (queued_rows_ > 0 && queued_rows_ + rows > options_.max_queued_rows) {
    return Fail(Code::kUnavailable, "the prediction log is full", "try again shortly");
  }
  queued_rows_ += rows;
  queue_.push_back(pending);
  wake_.notify_one();
  if (options_.ack == LogAck::kQueued) return early;
  written_.wait(lock, [&] { return pending->done; });
  if (!pending->status) {
    return Fail(Code::kUnavailable, "the prediction could not be logged, so it is not given");
  }
  return std::move(pending->ids);
}

void PredictionLog::Flush() {
  std::unique_lock lock(mutex_.native());
  written_.wait(lock, [&] { return queue_.empty() && !busy_; });
}

uint64_t PredictionLog::lost_rows() const {
  MutexLock lock(mutex_);
  return lost_rows_;
}

size_t PredictionLog::queued_rows() const {
  MutexLock lock(mutex_);
  return queued_rows_;
}

void PredictionLog::Run() {
  for (;;) {
    std::deque<std::shared_ptr<Pending>> group;
    {
      std::unique_lock lock(mutex_.native());
      wake_.wait(lock, [&] { return stop_ || !queue_.empty(); });
      if (queue_.empty()) return;
      group.swap(queue_);
      busy_ = true;
    }
    WriteGroup(std::move(group));
  }
}

void PredictionLog::WriteGroup(std::deque<std::shared_ptr<Pending>> group) {
  Status status = database_.Transaction([&]() -> Status {
    Inserter inserter(database_);
    for (auto& pending : group) {
      if (options_.ack == LogAck::kCommitted) {
        QUERN_ASSIGN(pending->ids, ChooseIds(database_, pending->batch, clock_, inserter));
      }
      QUERN_TRY(inserter.Add(pending->batch, pending->ids));
    }
    return inserter.Flush();
  });
  if (!status) Log(LogLevel::kError, "prediction log: " + status.error().message);
  size_t rows = 0;
  for (const auto& pending : group) rows += pending->batch.rows.size();
  {
    MutexLock lock(mutex_);
    for (auto& pending : group) {
      pending->status = status;
      pending->done = true;
    }
    queued_rows_ -= rows;
    if (!status && options_.ack == LogAck::kQueued) lost_rows_ += rows;
    busy_ = false;
  }
  written_.notify_all();
}

}  // namespace quern::serving
