#include "cli/project_runner.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <vector>

#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "pipeline/actor.h"
#include "pipeline/project.h"
#include "pipeline/workspace.h"

namespace quern::cli {
namespace {

/// Bytes of the log that are shown.
constexpr int64_t kMostLog = 64 << 10;
/// Between two looks at a run.
constexpr auto kLookEvery = std::chrono::milliseconds(200);

/// The last lines of a file.
std::string Tail(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return {};
  const int64_t size = std::max<int64_t>(0, ::lseek(fd.get(), 0, SEEK_END));
  const int64_t from = std::max<int64_t>(0, size - kMostLog);
  std::string text(static_cast<size_t>(size - from), '\0');
  const ssize_t got = ::pread(fd.get(), text.data(), text.size(), from);
  text.resize(static_cast<size_t>(std::max<ssize_t>(0, got)));
  const size_t line = from > 0 ? text.find('\n') : std::string::npos;
  return line == std::string::npos ? text : text.substr(line + 1);
}

int64_t SizeOf(const std::string& path, Fs& fs) {
  const auto info = fs.Stat(path);
  return info ? static_cast<int64_t>(info->size) : 0;
}

/// Steps and phases are words, with a colon between: "monitor:va".
Status CheckNames(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const bool odd = name.empty() || std::any_of(name.begin(), name.end(), [](unsigned char c) {
                       return c < ' ' || c == ',' || c == 127;
                     });
    if (odd) {
      return Fail(Code::kInvalidArgument, "'" + name + "' is the name of no step and no phase",
                  "`quern plan` lists them");
    }
  }
  return {};
}

}  // namespace

SpawnedRuns::SpawnedRuns(std::string project, Fs& fs, const Clock& clock)
    : project_(std::move(project)), fs_(fs), clock_(clock) {}

std::string SpawnedRuns::LogPath() const { return JoinPath(project_, ".quern/logs/run.log"); }

Result<std::string> SpawnedRuns::Project() {
  QUERN_ASSIGN(const pipeline::Project project, pipeline::LoadProject(project_, {}, fs_));
  return project.name;
}

Result<int> SpawnedRuns::Spawn(const server::RunOrder& order) {
  QUERN_TRY(fs_.MakeDirs(DirName(LogPath())));
  const UniqueFd log(
      ::open(LogPath().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644));
  if (!log.valid()) {
    return Fail(Code::kPermissionDenied,
                "cannot write '" + LogPath() + "': " + std::strerror(errno));
  }
  std::vector<std::string> words{"quern", "run"};
  if (!order.force.empty()) words.push_back("--force=" + Join(order.force, ","));
  if (!order.until.empty()) words.push_back("--until=" + Join(order.until, ","));
  words.insert(words.end(), {"--", project_});
  // What the run changes is recorded under the name of who ordered it. Ctrl-C of the server's
  // terminal goes to the server, which ends the run.
  return StartChild({.program = "/proc/self/exe",
                     .words = std::move(words),
                     .environment = {std::string(pipeline::kActorVariable) + "=" + order.actor},
                     .out = log.get(),
                     .err = log.get(),
                     .own_group = true});
}

Result<server::StartedRun> SpawnedRuns::Start(const server::RunOrder& order) {
  QUERN_TRY(CheckNames(order.force));
  QUERN_TRY(CheckNames(order.until));
  QUERN_TRY(Project());
  const MutexLock lock(mutex_);
  if (last_ && last_->end_ms == 0) {
    return Fail(Code::kFailedPrecondition,
                "a run of this project is under way: " + last_->actor + " started it at " +
                    FormatTime(last_->since_ms),
                "cancel it, or wait for its end");
  }
  // One that somebody else started holds the project's lock.
  const std::string state = JoinPath(project_, ".quern");
  QUERN_TRY(fs_.MakeDirs(state));
  if (const auto free = pipeline::ProjectLock::Acquire(state, 0); !free) {
    const bool taken = free.error().code == Code::kAborted;
    return Fail(taken ? Code::kFailedPrecondition : free.error().code, free.error().message,
                taken ? "wait for its end, or stop it where it runs" : free.error().hint);
  }
  if (watcher_.joinable()) watcher_.join();  // of the run before, which has ended
  QUERN_ASSIGN(const int pid, Spawn(order));
  last_ = server::StartedRun{order.actor, pid, clock_.NowMs(), 0, 0, {}, {}};
  Log(LogLevel::kInfo,
      "run: " + order.actor + " started a run of " + project_ + ", process " + std::to_string(pid));
  watcher_ = std::thread([this, pid] { Watch(pid); });
  return *last_;
}

/// Under the lock, so that nobody signals a process that is no longer ours.
std::optional<int> SpawnedRuns::Ended(int pid) {
  const MutexLock lock(mutex_);
  int status = 0;
  const int ended = ::waitpid(pid, &status, WNOHANG);
  if (ended == 0 || (ended < 0 && errno == EINTR)) return std::nullopt;
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  last_->end_ms = clock_.NowMs();
  last_->exit_code = code;
  return code;
}

void SpawnedRuns::Watch(int pid) {
  int64_t printed = 0;
  std::optional<int> code;
  for (;;) {
    code = Ended(pid);
    if (code) break;
    const int64_t size = SizeOf(LogPath(), fs_);
    if (size != printed && changed_) changed_();
    printed = size;
    std::this_thread::sleep_for(kLookEvery);
  }
  Log(LogLevel::kInfo,
      "run: process " + std::to_string(pid) + " ended with " + std::to_string(*code));
  if (changed_) changed_();
}

Status SpawnedRuns::Cancel(const std::string& actor) {
  const MutexLock lock(mutex_);
  if (!last_ || last_->end_ms > 0) {
    return Fail(Code::kFailedPrecondition, "no run that this server started is under way",
                "a run from a command line is stopped there, by Ctrl-C");
  }
  // Ctrl-C of a terminal. A second one would end it at once: as with a terminal, that takes two.
  ::kill(static_cast<pid_t>(last_->pid), SIGINT);
  last_->cancelled_by = actor;
  Log(LogLevel::kInfo,
      "run: " + actor + " cancelled the run in process " + std::to_string(last_->pid));
  return {};
}

std::optional<server::StartedRun> SpawnedRuns::Last() {
  std::optional<server::StartedRun> last;
  {
    const MutexLock lock(mutex_);
    last = last_;
  }
  if (last) last->log = Tail(LogPath());
  return last;
}

void SpawnedRuns::Stop() {
  std::thread watcher;
  {
    const MutexLock lock(mutex_);
    if (last_ && last_->end_ms == 0 && last_->cancelled_by.empty()) {
      ::kill(static_cast<pid_t>(last_->pid), SIGINT);
      last_->cancelled_by = "the end of the server";
    }
    watcher = std::move(watcher_);
  }
  if (watcher.joinable()) watcher.join();
}

}  // namespace quern::cli
