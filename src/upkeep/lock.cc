#include "upkeep/lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <cstring>

#include "base/fs.h"

namespace quern::upkeep {

Result<std::unique_ptr<StoreLock>> StoreLock::Acquire(const std::string& path, Mode mode,
                                                      const Error& taken) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd.valid()) {
    return Fail(errno == ENOENT ? Code::kNotFound : Code::kPermissionDenied,
                "cannot write '" + path + "': " + std::strerror(errno),
                "check the folder, and who may write there");
  }
  if (::flock(fd.get(), (mode == Mode::kShared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0) {
    return std::unexpected(taken);
  }
  return std::unique_ptr<StoreLock>(new StoreLock(std::move(fd)));
}

Result<std::unique_ptr<StoreLock>> StoreLock::ForUpkeep(const std::string& state_dir, Mode mode,
                                                        const std::string& doing) {
  return Acquire(JoinPath(state_dir, "upkeep.lock"), mode,
                 Error{Code::kAborted,
                       doing + " has to wait: a backup, a restore or a purge of '" + state_dir +
                           "' is under way",
                       "try again when it has ended",
                       {},
                       {}});
}

Result<std::unique_ptr<StoreLock>> StoreLock::ForServing(const std::string& state_dir, Mode mode) {
  const bool server = mode == Mode::kShared;
  return Acquire(JoinPath(state_dir, "serving.lock"), mode,
                 Error{Code::kAborted,
                       server ? "'" + state_dir + "' is being replaced by a restore"
                              : "a server uses '" + state_dir + "'",
                       server ? "start the server when it has ended" : "stop the server first",
                       {},
                       {}});
}

}  // namespace quern::upkeep
