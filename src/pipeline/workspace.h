#pragma once
// The state of a project, opened: database, cache, lineage, runs and registry, here or at a
// tracking server, and the lock that keeps two runs of one project apart.
#include <functional>
#include <memory>
#include <string>

#include "base/fs.h"
#include "base/time.h"
#include "pipeline/cache.h"
#include "pipeline/project.h"
#include "registry/registry.h"
#include "remote/server.h"
#include "store/database.h"
#include "tracking/lineage.h"
#include "tracking/local_run_book.h"

namespace quern::pipeline {

/// An advisory lock on DIR/.quern/lock, held until destroyed. The kernel drops it when the process
/// dies, so a killed run leaves no stale lock.
class ProjectLock {
 public:
  /// Waits up to `wait_seconds` (0: not at all). kAborted naming the holder if another run has it.
  static Result<std::unique_ptr<ProjectLock>> Acquire(const std::string& state_dir,
                                                      double wait_seconds);
  ~ProjectLock();
  ProjectLock(const ProjectLock&) = delete;
  ProjectLock& operator=(const ProjectLock&) = delete;

 private:
  explicit ProjectLock(int fd) : fd_(fd) {}
  int fd_;
};

/// Where runs keep their artifacts unless a server is told otherwise: clients ask the tracking
/// server for them.
inline constexpr char kArtifactRoot[] = "mlflow-artifacts:/";

/// Hears of what is registered in the project's own database; see registry::Listener.
using ListenerMaker = std::function<std::unique_ptr<registry::Listener>(store::Database&)>;

struct WorkspaceOptions {
  enum class Open {
    kExisting,  // kNotFound with a remedy where nothing has run yet
    kCreate,    // state folder and database are made if absent
    /// Where nothing has run yet, an empty database in memory stands in for the file, and no folder
    /// is made.
    kToPlan,
  };
  Open open = Open::kExisting;
  /// Whose runs and versions these are, if they are kept at a server; the environment says who we
  /// are there (remote/settings.h).
  std::optional<TrackedProject> tracked = {};
  /// Ends waiting for the server; may be null, else borrowed.
  const CancelToken* cancel = nullptr;
  ListenerMaker listener = {};  // empty: nobody
};

/// Borrowed parts live as long as the workspace. Thread-safe as its parts are.
class Workspace {
 public:
  /// Sends nothing to the server yet.
  static Result<std::unique_ptr<Workspace>> Open(const std::string& state_dir,
                                                 const WorkspaceOptions& options, Fs& fs,
                                                 const Clock& clock);

  const std::string& dir() const { return dir_; }
  std::string Path(const std::string& name) const { return JoinPath(dir_, name); }
  /// The same folder, absolute.
  std::string folder() const;
  /// Where tables and cache stay, for those who are elsewhere: "host:/folder".
  std::string place() const;
  /// The folder of a version's package; brought here first if it is at the server alone.
  /// kFailedPrecondition for what is no package of ours, or is gone; kDataLoss for one that is not
  /// what its digest says.
  Result<std::string> PackageFolder(const registry::ModelVersion& version);
  Fs& fs() { return fs_; }
  const Clock& clock() const { return clock_; }
  store::Database& database() { return *database_; }
  Cache& cache() { return cache_; }
  tracking::Lineage& lineage() { return lineage_; }
  tracking::RunBook& runs();
  registry::PackageRegistry& registry();
  /// Where runs and versions are kept, null if here.
  remote::Server* server() { return server_.get(); }

 private:
  Workspace(std::string dir, Fs& fs, const Clock& clock, std::unique_ptr<store::Database> database,
            std::unique_ptr<registry::Listener> listener, std::unique_ptr<remote::Server> server);
  /// Puts the signature that the registry keeps into the package, for who takes that along.
  Status SetSignatureDown(const registry::ModelVersion& version, const std::string& folder);
  std::string dir_;
  Fs& fs_;
  const Clock& clock_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<registry::Listener> listener_;
  std::unique_ptr<remote::Server> server_;
  Cache cache_;
  tracking::Lineage lineage_;
  tracking::Experiments experiments_;
  tracking::Runs local_runs_;
  tracking::LocalRunBook run_book_;
  registry::Registry registry_;
};

/// Who acts, as the audit log shows it: $QUERN_ACTOR (actor.h), else user and machine: "root@host".
std::string Actor();

}  // namespace quern::pipeline
