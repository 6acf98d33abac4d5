#include "pipeline/workspace.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

namespace quern::pipeline {

std::string Actor() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found);
  const std::string user = found != nullptr ? found->pw_name : std::to_string(geteuid());
  return user + "@" + host.data();
}

Result<std::unique_ptr<ProjectLock>> ProjectLock::Acquire(const std::string& state_dir,
                                                          double wait_seconds) {
  const std::string path = JoinPath(state_dir, "lock");
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) {
    return Fail(Code::kPermissionDenied, "cannot write '" + path + "': " + std::strerror(errno),
                "check who may write there");
  }
  const double deadline = MonotonicSeconds() + wait_seconds;
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (MonotonicSeconds() >= deadline) {
      std::array<char, 256> holder{};
      const ssize_t got = ::pread(fd, holder.data(), holder.size() - 1, 0);
      ::close(fd);
      return Fail(Code::kAborted,
                  "another run works on this project: " +
                      std::string(holder.data(), got > 0 ? static_cast<size_t>(got) : 0),
                  "wait for it (--wait 60), or stop it");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  const std::string holder = "process " + std::to_string(::getpid()) + " of " + Actor() +
                             " since " + FormatTime(SystemClock().NowMs());
  if (::ftruncate(fd, 0) != 0 ||
      ::pwrite(fd, holder.data(), holder.size(), 0) != static_cast<ssize_t>(holder.size())) {
    const int error = errno;
    ::close(fd);
    const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    return Fail(full ? Code::kResourceExhausted : Code::kUnavailable,
                "cannot write '" + path + "': " + std::strerror(error),
                "free some space and run again");
  }
  return std::unique_ptr<ProjectLock>(new ProjectLock(fd));
}

ProjectLock::~ProjectLock() { ::close(fd_); }

Workspace::Workspace(std::string dir, Fs& fs, const Clock& clock,
                     std::unique_ptr<store::Database> database)
    : dir_(std::move(dir)),
      fs_(fs),
      clock_(clock),
      database_(std::move(database)),
      cache_(*database_, fs_, clock_, dir_),
      experiments_(*database_, clock_, kArtifactRoot),
      runs_(*database_, clock_, experiments_),
      run_writer_(*database_, clock_, Actor(), experiments_, runs_),
      lineage_(*database_, clock_),
      registry_(*database_, clock_, Actor()) {}

Result<std::unique_ptr<Workspace>> Workspace::Open(const std::string& state_dir, bool create,
                                                   Fs& fs, const Clock& clock) {
  const std::string path = JoinPath(state_dir, "quern.db");
  if (!create && !fs.Exists(path)) {
    return Fail(Code::kNotFound, "nothing has run here yet: there is no '" + path + "'",
                "`quern run` comes first");
  }
  QUERN_TRY(fs.MakeDirs(state_dir));
  QUERN_ASSIGN(auto database, store::OpenSqlite(path, fs));
  return std::unique_ptr<Workspace>(new Workspace(state_dir, fs, clock, std::move(database)));
}

Result<std::unique_ptr<Workspace>> Workspace::OpenToPlan(const std::string& state_dir, Fs& fs,
                                                         const Clock& clock) {
  if (fs.Exists(JoinPath(state_dir, "quern.db"))) return Open(state_dir, false, fs, clock);
  QUERN_ASSIGN(auto database, store::OpenSqlite(store::kInMemory, fs));
  return std::unique_ptr<Workspace>(new Workspace(state_dir, fs, clock, std::move(database)));
}

Result<std::string> Workspace::PackageFolder(const registry::ModelVersion& version) const {
  if (!version.path.empty()) return Path(version.path);
  return Fail(Code::kFailedPrecondition,
              "version " + std::to_string(version.version) + " of model '" + version.name +
                  "' is not a package of this project: a client registered '" + version.source +
                  "'",
              "name a version that `quern run` made, or a folder that holds model.onnx");
}

}  // namespace quern::pipeline
