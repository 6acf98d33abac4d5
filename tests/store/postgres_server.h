#pragma once
// A throwaway PostgreSQL server for tests.
#include <signal.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "base/fs.h"

namespace quern::store {

/// A real server (Debian's postgresql-15) in a temporary folder, reached through a socket there.
/// It runs as the user quern-test if the test is run by root, and ends with the object, or with the
/// test program however that ends. Failures to set it up are failures of the test.
class PostgresServer {
 public:
  /// Whether the server's programs are there.
  static bool Installed();

  PostgresServer();
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  /// The URI of a schema, which may not exist yet.
  std::string Uri(const std::string& schema = "public") const;
  void Start();
  /// kill -9 of all its processes; returns when they are gone.
  void Kill();
  /// Stops all of its processes where they stand: connections stay, and nothing answers.
  void Freeze() { SignalAll(SIGSTOP); }
  void Thaw() { SignalAll(SIGCONT); }

 private:
  /// The server and its children. The server itself is stopped before they are listed.
  std::vector<pid_t> Stopped() const;
  void SignalAll(int signal) const;
  std::string Data() const { return dir_.File("data"); }

  TempDir dir_;
  pid_t pid_ = 0;
};

/// The one that the tests of a program share, started when it is first asked for.
PostgresServer& SharedServer();

}  // namespace quern::store
