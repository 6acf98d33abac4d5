#include "tests/store/postgres_server.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>
#include <vector>

namespace quern::store {
namespace {

constexpr char kPrograms[] = "/usr/lib/postgresql";
constexpr char kTestUser[] = "quern-test";
constexpr auto kPatience = std::chrono::seconds(60);

/// The folder of the newest version's programs; "" if there is none.
std::string Programs() {
  const auto versions = RealFs().List(kPrograms);
  if (!versions) return {};
  std::string found;
  for (const std::string& version : *versions) {
    const std::string folder = JoinPath(kPrograms, version) + "/bin/";
    if (access((folder + "postgres").c_str(), X_OK) == 0) found = folder;
  }
  return found;
}

/// Whom the server runs as: PostgreSQL refuses to run as root.
const passwd* User() {
  if (geteuid() != 0) return nullptr;
  const passwd* user = getpwnam(kTestUser);
  REQUIRE_MESSAGE(user != nullptr, "there is no user ", kTestUser, ": run ./dev setup");
  return user;
}

/// Starts a program as User(), its output in a file.
pid_t Spawn(const std::vector<std::string>& command, const std::string& folder,
            const std::string& log) {
  const passwd* user = User();
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  REQUIRE(pid >= 0);
  if (pid > 0) return pid;
  // Between fork and exec only calls that are safe there.
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  if (user != nullptr) {
    const gid_t group = user->pw_gid;
    if (setgroups(1, &group) != 0 || setgid(group) != 0 || setuid(user->pw_uid) != 0) _exit(126);
  }
  if (chdir(folder.c_str()) != 0) _exit(126);
  prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (getppid() != parent) _exit(126);
  execv(argv[0], argv.data());
  _exit(127);
}

std::string TextOf(const std::string& path) { return RealFs().Read(path).value_or(""); }

}  // namespace

bool PostgresServer::Installed() { return !Programs().empty(); }

PostgresServer::PostgresServer() {
  if (const passwd* user = User()) {
    REQUIRE(chown(dir_.path().c_str(), user->pw_uid, user->pw_gid) == 0);
  }
  const std::string log = dir_.File("initdb.log");
  const pid_t pid = Spawn({Programs() + "initdb", "--pgdata=" + Data(), "--no-sync", "--auth=trust",
                           "--username=quern", "--encoding=UTF8", "--locale=C.UTF-8"},
                          dir_.path(), log);
  int status = 0;
  REQUIRE(waitpid(pid, &status, 0) == pid);
  REQUIRE_MESSAGE(status == 0, TextOf(log));
  Start();
}

PostgresServer::~PostgresServer() {
  if (pid_ == 0) return;
  kill(pid_, SIGQUIT);
  waitpid(pid_, nullptr, 0);
}

void PostgresServer::Start() {
  const std::string log = dir_.File("server.log"), state = Data() + "/postmaster.pid";
  REQUIRE(RealFs().RemoveAll(state));
  std::vector<std::string> command{Programs() + "postgres", "-D", Data()};
  // Its data is thrown away: nothing here has to survive a loss of power.
  for (const std::string& setting :
       {std::string("listen_addresses="), "unix_socket_directories=" + dir_.path(),
        std::string("fsync=off"), std::string("full_page_writes=off"),
        std::string("shared_buffers=16MB"), std::string("max_connections=40"),
        std::string("autovacuum=off")}) {
    command.insert(command.end(), {"-c", setting});
  }
  pid_ = Spawn(command, dir_.path(), log);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  // Its last line is the server's state.
  while (TextOf(state).find("\nready") == std::string::npos) {
    REQUIRE_MESSAGE(waitpid(pid_, nullptr, WNOHANG) == 0, TextOf(log));
    REQUIRE_MESSAGE(std::chrono::steady_clock::now() < deadline, TextOf(log));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void PostgresServer::Kill() {
  // Its children become ours, to be waited for.
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const std::vector<pid_t> processes = Stopped();
  for (const pid_t process : processes) kill(process, SIGKILL);
  for (const pid_t process : processes) waitpid(process, nullptr, 0);
  pid_ = 0;
}

std::vector<pid_t> PostgresServer::Stopped() const {
  std::vector<pid_t> processes{pid_};
  const std::string id = std::to_string(pid_);
  kill(pid_, SIGSTOP);
  std::ifstream children("/proc/" + id + "/task/" + id + "/children");
  for (pid_t child = 0; children >> child;) processes.push_back(child);
  return processes;
}

void PostgresServer::SignalAll(int signal) const {
  for (const pid_t process : Stopped()) kill(process, signal);
}

std::string PostgresServer::Uri(const std::string& schema) const {
  return "postgresql:///postgres?user=quern&host=" + dir_.path() + "&options=-csearch_path%3D" +
         schema;
}

PostgresServer& SharedServer() {
  static PostgresServer server;
  return server;
}

}  // namespace quern::store
