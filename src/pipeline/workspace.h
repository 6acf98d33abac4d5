#pragma once
// The state of a project on disk, opened: database, cache, runs, registry, lineage, and the lock
// that keeps two runs of one project apart.
#include <memory>
#include <string>

#include "base/fs.h"
#include "base/time.h"
#include "pipeline/cache.h"
#include "registry/registry.h"
#include "store/database.h"
#include "tracking/lineage.h"
#include "tracking/run_writer.h"

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

/// Borrowed parts live as long as the workspace. Thread-safe as its parts are.
class Workspace {
 public:
  /// `create`: make the state folder and database if absent; otherwise kNotFound with a remedy.
  static Result<std::unique_ptr<Workspace>> Open(const std::string& state_dir, bool create, Fs& fs,
                                                 const Clock& clock);
  /// To look only: where nothing has run yet, an empty database in memory stands in for the file,
  /// and no folder is made.
  static Result<std::unique_ptr<Workspace>> OpenToPlan(const std::string& state_dir, Fs& fs,
                                                       const Clock& clock);

  const std::string& dir() const { return dir_; }
  std::string Path(const std::string& name) const { return JoinPath(dir_, name); }
  /// The folder of a version's package. kFailedPrecondition for a version that a client of MLflow's
  /// registered: its files are not in this state folder.
  Result<std::string> PackageFolder(const registry::ModelVersion& version) const;
  Fs& fs() { return fs_; }
  const Clock& clock() const { return clock_; }
  store::Database& database() { return *database_; }
  Cache& cache() { return cache_; }
  tracking::Experiments& experiments() { return experiments_; }
  tracking::Runs& runs() { return runs_; }
  tracking::RunWriter& run_writer() { return run_writer_; }
  tracking::Lineage& lineage() { return lineage_; }
  registry::Registry& registry() { return registry_; }

 private:
  Workspace(std::string dir, Fs& fs, const Clock& clock, std::unique_ptr<store::Database> database);
  std::string dir_;
  Fs& fs_;
  const Clock& clock_;
  std::unique_ptr<store::Database> database_;
  Cache cache_;
  tracking::Experiments experiments_;
  tracking::Runs runs_;
  tracking::RunWriter run_writer_;
  tracking::Lineage lineage_;
  registry::Registry registry_;
};

/// The user and machine that act, as the audit log shows them: "root@host".
std::string Actor();

}  // namespace quern::pipeline
