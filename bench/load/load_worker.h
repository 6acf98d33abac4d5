#pragma once
// One thread of http_load: its connections, and when it asks.
#include <sys/epoll.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace quern::load {

using Clock = std::chrono::steady_clock;

struct Options {
  int port = 0;
  int connections = 1;
  int threads = 1;
  double seconds = 5;
  double warmup = 0;  // seconds whose answers are not counted
  long requests = 0;  // 0: as many as fit into the time
  double rate =
      0;  // requests per second of all connections together; 0: the next as soon as one is answered
  std::string path = "/";
  std::string body;
  std::string type = "application/json";
  std::vector<std::string> headers;  // whole lines, "Name: value"
};

/// What all workers share.
struct Shared {
  explicit Shared(const Options& the_options) : options(the_options) {}
  const Options& options;
  Clock::time_point start, counted_from, end;
  std::atomic<long> asked{0};
};

class Worker {
 public:
  /// Has every `step`-th connection, from `index` on.
  Worker(Shared& shared, int index, int step);
  /// Connects; ends the program if it cannot.
  void Open();
  /// Asks from Shared::start to Shared::end, and until the last answer has come.
  void Run();

  /// Milliseconds of each counted answer. At a fixed rate from when the request was due: a server
  /// that makes others wait is charged for their waiting too.
  const std::vector<float>& times() const { return times_; }
  long failures() const { return failures_; }
  size_t bytes() const { return bytes_; }
  Clock::time_point last() const { return last_; }

 private:
  struct Connection {
    int socket = -1;
    int index = 0;
    std::string request;
    std::string out;
    size_t sent = 0;
    std::string in;
    bool waits = false;
    Clock::time_point due;
  };

  bool More(Clock::time_point now);
  void Fill(Connection& connection, long number);
  void Ask(Connection& connection, Clock::time_point due);
  void AskDue(Clock::time_point now);
  void Send(Connection& connection);
  void Receive(Connection& connection);
  void Finish(Connection& connection, std::string_view answer);
  void Wait();

  Shared& shared_;
  const int index_, step_;
  int epoll_ = -1;
  bool numbered_ = false;
  std::vector<Connection> connections_;
  std::deque<Connection*> idle_;  // in turn: a server may close one that is long unused
  std::vector<epoll_event> events_;
  Clock::duration interval_{};
  Clock::time_point next_due_;
  std::vector<float> times_;
  Clock::time_point last_;
  long waiting_ = 0, failures_ = 0;
  size_t bytes_ = 0;
};

}  // namespace quern::load
