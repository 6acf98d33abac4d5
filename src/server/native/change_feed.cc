#include "server/native/change_feed.h"

#include <boost/json.hpp>
#include <chrono>

#include "base/time.h"

namespace quern::server::native {
namespace {

/// Seconds between two looks at the database while somebody waits.
constexpr double kLookEvery = 0.5;

/// One row per kind that differs when something of it was added or has gone on. Runs, models and
/// predictions are answered from an index, however large the table; deployments, releases and
/// pipeline_runs are read through, having few rows.
constexpr std::string_view kMarks[] = {
    "SELECT (SELECT coalesce(max(num), 0) FROM runs), (SELECT coalesce(max(end_ms), 0) FROM runs), "
    "(SELECT coalesce(max(num), 0) FROM metric_series)",
    "SELECT coalesce(max(id), 0), 0, 0 FROM registry_log",
    "SELECT count(*), coalesce(max(changed_ms), 0), 0 FROM deployments",
    "SELECT count(*), coalesce(max(changed_ms), 0), coalesce(max(counted_ms), 0) FROM releases",
    "SELECT coalesce(max(made_at), 0), 0, 0 FROM predictions",
    "SELECT count(*), coalesce(sum(CASE s.state WHEN 'running' THEN 1 WHEN 'done' THEN 1000 WHEN "
    "'cached' THEN 1000000 ELSE 1000000000 END), 0), (SELECT coalesce(max(coalesce(end_ms, "
    "start_ms)), 0) FROM pipeline_runs) FROM pipeline_steps s WHERE s.pipeline_run_id = (SELECT id "
    "FROM pipeline_runs ORDER BY start_ms DESC, id LIMIT 1)"};
static_assert(std::size(kMarks) == ChangeFeed::kKinds.size());

}  // namespace

std::optional<size_t> ChangeFeed::KindOf(std::string_view method, std::string_view path) {
  if (method == "GET" || method == "HEAD" || method == "OPTIONS") return std::nullopt;
  // Words of a model's name are none of the call's.
  if (path.find("api/2.0/quern/models/") != std::string_view::npos) return kModels;
  if (path.find("api/2.0/quern/serving/releases") != std::string_view::npos) return kReleases;
  if (path.find("api/2.0/quern/pipeline") != std::string_view::npos) return kSteps;
  // Asking a model is no change here; a prediction that is kept shows in the database.
  if (path.find("api/2.0/quern/serving/try") != std::string_view::npos) return std::nullopt;
  // Searches are POSTs too.
  if (path.find("search") != std::string_view::npos ||
      path.find("get-latest-versions") != std::string_view::npos || path.ends_with("/graphql")) {
    return std::nullopt;
  }
  if (path.find("/registered-models") != std::string_view::npos ||
      path.find("/model-versions") != std::string_view::npos) {
    return kModels;
  }
  if (path.find("api/2.0/") != std::string_view::npos) return kRuns;
  return std::nullopt;
}

void ChangeFeed::Note(size_t kind) { now_.changed[kind] = ++now_.version; }

void ChangeFeed::Touch(size_t kind) {
  {
    const MutexLock lock(mutex_);
    Note(kind);
  }
  changed_.notify_all();
}

void ChangeFeed::Stop() {
  {
    const MutexLock lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
}

Result<ChangeFeed::Marks> ChangeFeed::ReadMarks() {
  Marks marks;
  for (size_t kind = 0; kind < marks.size(); ++kind) {
    QUERN_TRY(db_.Query(kMarks[kind], {}, [&](const store::Row& row) {
      for (int i = 0; i < 3; ++i) marks[kind] += std::to_string(row.Int(i)) + "/";
    }));
  }
  return marks;
}

Status ChangeFeed::Look() {
  {
    const MutexLock lock(mutex_);
    if (looking_ || (looked_ && MonotonicSeconds() - looked_at_ < kLookEvery)) return {};
    looking_ = true;
  }
  const auto marks = ReadMarks();
  {
    const MutexLock lock(mutex_);
    looking_ = false;
    looked_at_ = MonotonicSeconds();
    if (!marks) return std::unexpected(marks.error());
    for (size_t kind = 0; kind < marks->size(); ++kind) {
      if (looked_ && marks_[kind] != (*marks)[kind]) Note(kind);
    }
    marks_ = *marks;
    looked_ = true;
  }
  changed_.notify_all();
  return {};
}

Result<ChangeFeed::Answer> ChangeFeed::Wait(std::string_view epoch, uint64_t since,
                                            double seconds) {
  const double until = MonotonicSeconds() + seconds;
  bool counted = false;
  Status looked;
  for (;;) {
    looked = Look();
    std::unique_lock lock(mutex_.native());
    const double left = until - MonotonicSeconds();
    const bool news = epoch != epoch_ || now_.version > since || since > now_.version;
    const bool crowded = !counted && waiting_ >= kMaxWaiting;
    if (!looked || news || stopped_ || left <= 0 || crowded) {
      if (counted) --waiting_;
      if (!looked) return std::unexpected(looked.error());
      Answer answer = now_;
      answer.waited = !crowded || news;
      return answer;
    }
    if (!counted) ++waiting_;
    counted = true;
    changed_.wait_for(lock, std::chrono::duration<double>(std::min(left, kLookEvery)));
  }
}

json::value ChangeFeed::Json(const Answer& answer) const {
  json::object changed;
  for (size_t kind = 0; kind < kKinds.size(); ++kind) {
    changed[kKinds[kind]] = answer.changed[kind];
  }
  return json::object{{"epoch", epoch_},
                      {"version", answer.version},
                      {"changed", std::move(changed)},
                      {"waited", answer.waited}};
}

}  // namespace quern::server::native
