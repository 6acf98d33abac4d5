// Asks one HTTP server the same thing over many kept connections and says how fast it answered.
//
//   http_load --port 5000 --connections 16 --seconds 5 --path /api/2.0/mlflow/runs/log-metric
//     --body '{"run_id": "…", "key": "loss", "value": 1, "timestamp": {n}, "step": {n}}'
//
// `{n}` becomes a number that grows with every request, `{c}` the connection's. One thread and
// epoll: the load must not cost what it measures. Prints one line of JSON.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "http_load: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

void ReplaceAll(std::string& text, const std::string& mark, const std::string& value) {
  for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at)) {
    text.replace(at, mark.size(), value);
    at += value.size();
  }
}

struct Options {
  int port = 0;
  int connections = 1;
  double seconds = 5;
  long requests = 0;  // 0: as many as fit into the time
  std::string path = "/";
  std::string body;
};

Options Parse(int argc, char** argv) {
  std::map<std::string, std::string> given;
  for (int i = 1; i + 1 < argc; i += 2) given[argv[i]] = argv[i + 1];
  Options options;
  for (const auto& [name, value] : given) {
    if (name == "--port") {
      options.port = std::atoi(value.c_str());
    } else if (name == "--connections") {
      options.connections = std::atoi(value.c_str());
    } else if (name == "--seconds") {
      options.seconds = std::atof(value.c_str());
    } else if (name == "--requests") {
      options.requests = std::atol(value.c_str());
    } else if (name == "--path") {
      options.path = value;
    } else if (name == "--body") {
      options.body = value;
    } else {
      std::fprintf(stderr, "http_load: unknown option %s\n", name.c_str());
      std::exit(2);
    }
  }
  return options;
}

struct Connection {
  int socket = -1;
  int index = 0;
  std::string out;
  size_t sent = 0;
  std::string in;
  Clock::time_point began;
};

class Load {
 public:
  explicit Load(const Options& options) : options_(options), epoll_(epoll_create1(0)) {}

  void Run() {
    connections_.resize(static_cast<size_t>(options_.connections));
    for (int i = 0; i < options_.connections; ++i) {
      connections_[static_cast<size_t>(i)].index = i;
      Open(connections_[static_cast<size_t>(i)]);
    }
    start_ = Clock::now();
    end_ = start_ + std::chrono::duration_cast<Clock::duration>(
                        std::chrono::duration<double>(options_.seconds));
    for (Connection& connection : connections_) Ask(connection);
    std::vector<epoll_event> events(connections_.size());
    while (waiting_ > 0) {
      const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 60000);
      if (ready <= 0) Die("no answer for a minute");
      for (int i = 0; i < ready; ++i) {
        auto* connection = static_cast<Connection*>(events[static_cast<size_t>(i)].data.ptr);
        if ((events[static_cast<size_t>(i)].events & EPOLLOUT) != 0) Send(*connection);
        if ((events[static_cast<size_t>(i)].events & ~EPOLLOUT) != 0) Receive(*connection);
      }
    }
    Report();
  }

 private:
  void Open(Connection& connection) {
    connection.socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(options_.port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(connection.socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      Die("connect");
    }
    const int on = 1;
    setsockopt(connection.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &connection;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.socket, &event);
  }

  void Ask(Connection& connection) {
    const bool enough = options_.requests > 0 && asked_ >= options_.requests;
    if (enough || Clock::now() >= end_) return;
    ++asked_;
    std::string body = options_.body, path = options_.path;
    for (std::string* text : {&body, &path}) {
      ReplaceAll(*text, "{n}", std::to_string(asked_));
      ReplaceAll(*text, "{c}", std::to_string(connection.index));
    }
    connection.out = (body.empty() ? "GET " : "POST ") + path +
                     " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(options_.port) + "\r\n";
    if (!body.empty()) {
      connection.out +=
          "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
          "\r\n";
    }
    connection.out += "\r\n" + body;
    connection.sent = 0;
    connection.in.clear();
    connection.began = Clock::now();
    ++waiting_;
    Send(connection);
  }

  void Send(Connection& connection) {
    while (connection.sent < connection.out.size()) {
      const ssize_t count = ::send(connection.socket, connection.out.data() + connection.sent,
                                   connection.out.size() - connection.sent, MSG_NOSIGNAL);
      if (count < 0) Die("send");
      connection.sent += static_cast<size_t>(count);
    }
  }

  void Receive(Connection& connection) {
    char buffer[65536];
    const ssize_t count = ::recv(connection.socket, buffer, sizeof buffer, 0);
    if (count <= 0) Die("the server closed the connection after '" + connection.in + "'");
    connection.in.append(buffer, static_cast<size_t>(count));
    const size_t head = connection.in.find("\r\n\r\n");
    if (head == std::string::npos) return;
    std::string lower = connection.in.substr(0, head);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    const size_t length_at = lower.find("content-length:");
    if (length_at == std::string::npos) Die("an answer without Content-Length: " + lower);
    const size_t length = std::strtoul(lower.c_str() + length_at + 15, nullptr, 10);
    if (connection.in.size() < head + 4 + length) return;
    Finish(connection);
  }

  void Finish(Connection& connection) {
    const auto now = Clock::now();
    times_.push_back(std::chrono::duration<double>(now - connection.began).count() * 1000);
    bytes_ += connection.in.size();
    if (connection.in.compare(9, 3, "200") != 0 && failures_++ == 0) {
      std::fprintf(stderr, "http_load: first failure: %s\n", connection.in.substr(0, 600).c_str());
    }
    --waiting_;
    last_ = now;
    Ask(connection);
  }

  void Report() {
    if (times_.empty()) Die("no request was answered");
    std::sort(times_.begin(), times_.end());
    const double seconds = std::chrono::duration<double>(last_ - start_).count();
    const auto at = [&](double share) {
      return times_[static_cast<size_t>(share * static_cast<double>(times_.size() - 1))];
    };
    std::printf(
        "{\"requests\": %zu, \"failures\": %ld, \"seconds\": %.3f, \"per_second\": %.1f, "
        "\"p50_ms\": %.4f, \"p99_ms\": %.4f, \"bytes\": %zu}\n",
        times_.size(), failures_, seconds, static_cast<double>(times_.size()) / seconds, at(0.5),
        at(0.99), bytes_);
  }

  const Options options_;
  int epoll_;
  std::vector<Connection> connections_;
  std::vector<double> times_;
  Clock::time_point start_, end_, last_;
  long asked_ = 0, waiting_ = 0, failures_ = 0;
  size_t bytes_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const Options options = Parse(argc, argv);
  if (options.port <= 0) {
    std::fprintf(stderr,
                 "usage: http_load --port N [--connections N] [--seconds S] "
                 "[--requests N] --path P [--body JSON]\n");
    return 2;
  }
  Load(options).Run();
  return 0;
}
