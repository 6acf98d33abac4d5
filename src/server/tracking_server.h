#pragma once
// The tracking server as one object: what `quern server` starts and stops. MLflow's tracking,
// registry and artifact calls over one state folder.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/cancel.h"
#include "base/fs.h"
#include "base/result.h"
#include "base/time.h"
#include "net/http.h"
#include "server/http/guard.h"
#include "server/native/project_plan.h"
#include "server/native/snapshot_comparer.h"
#include "server/policy_source.h"
#include "server/project_runner.h"
#include "store/database.h"

namespace quern::server {

class Scoring;

struct TrackingServerOptions {
  /// The folder that holds quern.db and the artifacts; made if absent.
  std::string state_dir;
  /// A path or URI as store::OpenDatabase takes it. "": quern.db in the state folder.
  std::string database;
  /// Where new experiments keep their artifacts: a folder or a URI. "": behind this server if it
  /// serves artifacts, else in `artifacts_destination`, where clients write by themselves.
  std::string default_artifact_root;
  /// The folder or s3://bucket/prefix behind the artifact calls. "": mlflow-artifacts in the state
  /// folder.
  std::string artifacts_destination;
  /// Whether artifacts go up and down through this server.
  bool serve_artifacts = true;
  store::Durability durability = store::Durability::kSafe;
  /// Milliseconds after which what was deleted is purged; absent: it stays until `quern gc`.
  std::optional<int64_t> purge_deleted_after_ms;
  /// Done when the server starts and every hour from then on; may be empty.
  std::function<Status(store::Database&, const CancelToken&)> hourly;
  /// What `quern plan` says, if the store is that of a project file.
  Planner planner;
  /// Compares tables of the state folder; may be empty.
  SnapshotComparer snapshots;
  /// Where a project file declares policies; may be empty.
  PolicySource policies;
  /// Starts runs of that project; null if that cannot or must not be, for which `no_runs` is the
  /// reason.
  std::shared_ptr<ProjectRunner> runner;
  std::string no_runs;
  /// Models that are served beside everything else; may be null. Not started yet.
  std::shared_ptr<Scoring> models;
  GuardOptions guard;
  /// Host, port, limits, timeouts. `threads` 0 is enough for many writers to share a commit.
  net::ServerOptions http;
  Fs* fs = &RealFs();
  const Clock* clock = &SystemClock();
};

/// A listening tracking server. Thread-safe.
class TrackingServer {
 public:
  virtual ~TrackingServer() = default;
  virtual uint16_t port() const = 0;
  /// "http://127.0.0.1:5000".
  virtual std::string url() const = 0;
  /// "POST /api/2.0/mlflow/runs/create" and what it does: for documentation, and for the test that
  /// tries each.
  virtual std::vector<std::pair<std::string, std::string>> routes() const = 0;
  /// Requests in flight are answered, then nothing more. Idempotent.
  virtual void Stop() = 0;
};

/// Opens the store (the experiment "Default" is made if absent), then listens. Errors: of the
/// store, of a place for artifacts that is none, of listening.
Result<std::unique_ptr<TrackingServer>> StartTrackingServer(TrackingServerOptions options);

}  // namespace quern::server
