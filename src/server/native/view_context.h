#pragma once
// What the calls of the page are given. Borrowed, all thread-safe.
#include <string>

#include "base/fs.h"
#include "base/time.h"
#include "server/native/change_feed.h"
#include "server/native/project_plan.h"
#include "server/native/snapshot_comparer.h"
#include "server/policy_source.h"
#include "server/project_runner.h"
#include "store/database.h"

namespace quern::server::native {

struct ViewContext {
  store::Database& database;
  const Clock& clock;
  Fs& fs;
  /// Where packages of the project's own are.
  std::string state_dir;
  KeptPlan& plan;
  ChangeFeed& changes;
  /// Empty if the tables of the store's runs are not here.
  const SnapshotComparer& snapshots;
  const PolicySource& policies;
  /// Null if no run can be started here; `no_runs` says why.
  ProjectRunner* runner = nullptr;
  std::string no_runs;
};

}  // namespace quern::server::native
