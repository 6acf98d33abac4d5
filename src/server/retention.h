#pragma once
// A server that purges what was deleted long enough ago, by itself.
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "base/cancel.h"
#include "base/time.h"
#include "registry/registry.h"
#include "server/artifact_stores.h"
#include "store/database.h"
#include "tracking/trash.h"

namespace quern::server {

/// Looks once when it starts and every hour from then on, on a thread of its own. What it does is
/// what `quern gc --yes --older-than` does with runs, logged models, experiments and unfinished
/// uploads; while a backup or another purge is under way it waits for the next hour. Borrows all.
class Retention {
 public:
  Retention(store::Database& database, tracking::Experiments& experiments,
            const ArtifactStores& artifacts, const Clock& clock, std::string state_dir,
            int64_t age_ms);
  /// Stops.
  ~Retention();
  Retention(const Retention&) = delete;
  Retention& operator=(const Retention&) = delete;

  void Start();
  /// Ends between two items. Idempotent.
  void Stop();

 private:
  void Run();
  Status Purge();

  store::Database& database_;
  const ArtifactStores& artifacts_;
  const Clock& clock_;
  std::string state_dir_;
  int64_t age_ms_;
  registry::Registry registry_;
  tracking::Trash trash_;
  CancelToken cancel_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace quern::server
