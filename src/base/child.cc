#include "base/child.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include <cstring>
#include <string_view>

extern char** environ;

namespace quern {
namespace {

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> Environment(const std::vector<std::string>& own) {
  const auto name = [](std::string_view entry) { return entry.substr(0, entry.find('=') + 1); };
  std::vector<std::string> out;
  for (char** at = environ; *at != nullptr; ++at) {
    bool replaced = false;
    for (const std::string& entry : own) replaced = replaced || name(entry) == name(*at);
    if (!replaced) out.emplace_back(*at);
  }
  out.insert(out.end(), own.begin(), own.end());
  return out;
}

/// What posix_spawn is told; it frees itself.
struct Spawn {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t how;
  Spawn() {
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&how);
  }
  ~Spawn() {
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&how);
  }
  Spawn(const Spawn&) = delete;
  Spawn& operator=(const Spawn&) = delete;

  void Give(int fd, int as, int mode) {
    if (fd >= 0) {
      ::posix_spawn_file_actions_adddup2(&files, fd, as);
    } else {
      ::posix_spawn_file_actions_addopen(&files, as, "/dev/null", mode, 0);
    }
  }
  void Set(bool own_group) {
    sigset_t none;
    sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&how, &none);
    ::posix_spawnattr_setpgroup(&how, 0);
    const int group = own_group ? POSIX_SPAWN_SETPGROUP : 0;
    ::posix_spawnattr_setflags(&how, static_cast<short>(POSIX_SPAWN_SETSIGMASK | group));
  }
};

}  // namespace

Result<int> StartChild(const Child& child) {
  const std::vector<std::string> environment = Environment(child.environment);
  Spawn spawn;
  spawn.Give(child.in, STDIN_FILENO, O_RDONLY);
  spawn.Give(child.out, STDOUT_FILENO, O_WRONLY);
  spawn.Give(child.err, STDERR_FILENO, O_WRONLY);
  spawn.Set(child.own_group);
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, child.program.c_str(), &spawn.files, &spawn.how,
                                   Pointers(child.words).data(), Pointers(environment).data());
  if (error == 0) return pid;
  return Fail(Code::kUnavailable, "cannot start '" + child.program + "': " + std::strerror(error));
}

}  // namespace quern
