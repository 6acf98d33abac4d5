#pragma once
// What a server does with what was deleted long enough ago.
#include <string>

#include "base/cancel.h"
#include "base/time.h"
#include "registry/registry.h"
#include "server/artifact_stores.h"
#include "store/database.h"
#include "tracking/trash.h"

namespace quern::server {

/// What `quern gc --yes --older-than` does with runs, logged models, experiments and unfinished
/// uploads. Borrows all.
class Retention {
 public:
  Retention(store::Database& database, tracking::Experiments& experiments,
            const ArtifactStores& artifacts, const Clock& clock, std::string state_dir,
            int64_t age_ms);

  /// kUnavailable while a backup or another purge is under way; kCancelled, between two items.
  Status Purge(const CancelToken& cancel);

 private:
  store::Database& database_;
  const ArtifactStores& artifacts_;
  const Clock& clock_;
  std::string state_dir_;
  int64_t age_ms_;
  registry::Registry registry_;
  tracking::Trash trash_;
};

}  // namespace quern::server
