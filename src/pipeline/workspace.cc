#include "pipeline/workspace.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <thread>

#include "base/ids.h"
#include "model/package.h"
#include "pipeline/actor.h"
#include "registry/signature.h"
#include "signing/manifest.h"

namespace quern::pipeline {

std::string Actor() {
  const char* ordered = std::getenv(kActorVariable);
  if (ordered != nullptr && *ordered != '\0') return ordered;
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
                     std::unique_ptr<store::Database> database,
                     std::unique_ptr<registry::Listener> listener,
                     std::unique_ptr<remote::Server> server)
    : dir_(std::move(dir)),
      fs_(fs),
      clock_(clock),
      database_(std::move(database)),
      listener_(std::move(listener)),
      server_(std::move(server)),
      cache_(*database_, fs_, clock_, dir_),
      lineage_(*database_, clock_, Actor()),
      experiments_(*database_, clock_, kArtifactRoot),
      local_runs_(*database_, clock_, experiments_),
      run_book_(*database_, Actor(), experiments_, local_runs_),
      registry_(*database_, clock_, Actor(), listener_.get()) {}

namespace {

Result<std::unique_ptr<store::Database>> OpenDatabase(const std::string& state_dir,
                                                      WorkspaceOptions::Open open, Fs& fs) {
  using Open = WorkspaceOptions::Open;
  const std::string path = JoinPath(state_dir, "quern.db");
  const bool there = fs.Exists(path);
  if (!there && open == Open::kToPlan) return store::OpenSqlite(store::kInMemory, fs);
  if (!there && open == Open::kExisting) {
    return Fail(Code::kNotFound, "nothing has run here yet: there is no '" + path + "'",
                "`quern run` comes first");
  }
  QUERN_TRY(fs.MakeDirs(state_dir));
  return store::OpenSqlite(path, fs);
}

Result<std::unique_ptr<remote::Server>> OpenServer(const std::string& state_dir,
                                                   const WorkspaceOptions& options, Fs& fs,
                                                   const Clock& clock) {
  const auto& tracked = options.tracked;
  if (!tracked || !tracked->tracking.server) return std::unique_ptr<remote::Server>();
  remote::ServerOptions server;
  server.url = *tracked->tracking.server;
  server.project = tracked->name;
  server.state_dir = state_dir;
  server.user = Actor();
  QUERN_ASSIGN(server.settings, remote::ReadSettings([](const char* name) -> const char* {
                 return std::getenv(name);
               }));
  server.cancel = options.cancel;
  return remote::Server::Open(server, fs, clock);
}

}  // namespace

Result<std::unique_ptr<Workspace>> Workspace::Open(const std::string& state_dir,
                                                   const WorkspaceOptions& options, Fs& fs,
                                                   const Clock& clock) {
  QUERN_ASSIGN(auto database, OpenDatabase(state_dir, options.open, fs));
  QUERN_ASSIGN(auto server, OpenServer(state_dir, options, fs, clock));
  auto listener = options.listener ? options.listener(*database) : nullptr;
  return std::unique_ptr<Workspace>(new Workspace(state_dir, fs, clock, std::move(database),
                                                  std::move(listener), std::move(server)));
}

tracking::RunBook& Workspace::runs() {
  if (server_ != nullptr) return server_->runs();
  return run_book_;
}

registry::PackageRegistry& Workspace::registry() {
  if (server_ != nullptr) return server_->registry();
  return registry_;
}

std::string Workspace::folder() const {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(dir_, error);
  return error ? dir_ : absolute.lexically_normal().string();
}

std::string Workspace::place() const {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return std::string(host.data()) + ":" + folder();
}

Status Workspace::SetSignatureDown(const registry::ModelVersion& version,
                                   const std::string& folder) {
  const std::string signature = registry::SignatureOf(version);
  const std::string file = JoinPath(folder, signing::kSignatureFile);
  if (signature.empty() || fs_.Exists(file)) return {};
  return fs_.WriteAtomic(file, signature);
}

Result<std::string> Workspace::PackageFolder(const registry::ModelVersion& version) {
  if (!version.path.empty() && fs_.Exists(Path(version.path + "/model.onnx"))) {
    QUERN_TRY(SetSignatureDown(version, Path(version.path)));
    return Path(version.path);
  }
  // Not below tmp/, which a run of the same project clears.
  const std::string aside = Path("artifacts/models/.fetch-" + NewHexId());
  QUERN_TRY(fs_.MakeDirs(aside));
  const auto arrive = [&]() -> Result<std::string> {
    QUERN_TRY(registry().Fetch(version, aside));
    const std::string which =
        "version " + std::to_string(version.version) + " of model '" + version.name + "'";
    auto info = model::ReadPackage(aside, fs_);
    if (!info && info.error().code == Code::kNotFound) {
      return Fail(
          Code::kFailedPrecondition,
          which + " is not a package of this program: a client registered '" + version.source + "'",
          "name a version that `quern run` made, or a folder that holds model.onnx");
    }
    if (!info) return Within(info.error(), "reading " + which + " from '" + version.source + "'");
    if (!version.digest.empty() && info->digest != version.digest) {
      return Fail(Code::kDataLoss,
                  which + " is not what was registered: its digest is " + info->digest +
                      " instead of " + version.digest,
                  "somebody changed '" + version.source + "'");
    }
    const std::string folder = Path(registry::PackagePath(info->digest));
    if (!fs_.Exists(folder)) QUERN_TRY(fs_.MoveInto(aside, folder));
    QUERN_TRY(SetSignatureDown(version, folder));
    return folder;
  };
  auto folder = arrive();
  QUERN_TRY(fs_.RemoveAll(aside));
  return folder;
}

}  // namespace quern::pipeline
