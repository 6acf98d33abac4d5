#pragma once
// What changed in the store, by kind, for pages that show it: `quern run` and model servers write
// to the same database, so the database is asked, and only while somebody waits.
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/mutex.h"
#include "base/result.h"
#include "store/database.h"

namespace quern::server::native {

/// Thread-safe. Borrows the database.
class ChangeFeed {
 public:
  static constexpr std::array<std::string_view, 6> kKinds = {
      "runs", "models", "deployments", "releases", "predictions", "steps"};
  static constexpr size_t kRuns = 0, kModels = 1, kReleases = 3, kSteps = 5;
  /// Callers that may wait at once: each holds a thread of the server's.
  static constexpr size_t kMaxWaiting = 16;

  /// `epoch` tells this process from the one before it: versions begin anew.
  ChangeFeed(store::Database& database, std::string epoch)
      : db_(database), epoch_(std::move(epoch)) {}

  /// A change of this kind (an index of kKinds) by this process: those who wait learn of it at
  /// once, also of one that the database's marks do not show.
  void Touch(size_t kind);
  /// The kind that a request of this path changes, if its method is one that changes things.
  static std::optional<size_t> KindOf(std::string_view method, std::string_view path);

  struct Answer {
    uint64_t version = 0;
    std::array<uint64_t, kKinds.size()> changed{};  // the version at which each kind last changed
    bool waited = true;                             // false: too many wait already, ask again later
  };
  /// Returns once the version is beyond `since` in the same epoch, or `seconds` are over, or the
  /// server stops.
  Result<Answer> Wait(std::string_view epoch, uint64_t since, double seconds);
  json::value Json(const Answer& answer) const;
  const std::string& epoch() const { return epoch_; }

  /// Lets all go who wait, now and later.
  void Stop();

 private:
  using Marks = std::array<std::string, kKinds.size()>;
  Result<Marks> ReadMarks();
  /// Asks the database, unless another caller just did.
  Status Look();
  void Note(size_t kind) QUERN_REQUIRES(mutex_);

  store::Database& db_;
  const std::string epoch_;
  Mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ QUERN_GUARDED_BY(mutex_) = false;
  bool looked_ QUERN_GUARDED_BY(mutex_) = false;
  bool looking_ QUERN_GUARDED_BY(mutex_) = false;
  double looked_at_ QUERN_GUARDED_BY(mutex_) = 0;
  size_t waiting_ QUERN_GUARDED_BY(mutex_) = 0;
  Marks marks_ QUERN_GUARDED_BY(mutex_);
  Answer now_ QUERN_GUARDED_BY(mutex_);
};

}  // namespace quern::server::native
