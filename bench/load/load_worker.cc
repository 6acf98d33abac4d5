#include "load_worker.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace quern::load {
namespace {

constexpr auto kSilence = std::chrono::seconds(60);

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "http_load: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

void ReplaceAll(std::string& text, std::string_view mark, const std::string& value) {
  for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at)) {
    text.replace(at, mark.size(), value);
    at += value.size();
  }
}

/// The length that a head announces: in the usual spelling without another look at it.
size_t LengthOf(std::string_view head) {
  size_t at = head.find("Content-Length: ");
  std::string lower;
  if (at == std::string_view::npos) {
    lower = head;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    at = lower.find("content-length: ");
    if (at == std::string::npos) Die("an answer without Content-Length: " + lower);
  }
  size_t length = 0;
  std::from_chars(head.data() + at + 16, head.data() + head.size(), length);
  return length;
}

}  // namespace

Worker::Worker(Shared& shared, int index, int step)
    : shared_(shared), index_(index), step_(step), epoll_(epoll_create1(0)) {
  const Options& options = shared_.options;
  for (int i = index; i < options.connections; i += step) {
    Connection& connection = connections_.emplace_back();
    connection.index = i;
    std::string& request = connection.request;
    request = (options.body.empty() ? "GET " : "POST ") + options.path +
              " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(options.port) + "\r\n";
    for (const std::string& header : options.headers) request += header + "\r\n";
    if (!options.body.empty())
      request += "Content-Type: " + options.type + "\r\nContent-Length: {length}\r\n";
    request += "\r\n" + options.body;
    ReplaceAll(request, "{c}", std::to_string(i));
    numbered_ = request.find("{n}") != std::string::npos;
    if (!numbered_)
      ReplaceAll(request, "{length}",
                 std::to_string(request.size() - request.find("\r\n\r\n") - 4));
  }
  events_.resize(connections_.size() + 1);
}

void Worker::Open() {
  for (Connection& connection : connections_) {
    connection.socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(shared_.options.port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(connection.socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      Die("connect");
    const int on = 1;
    setsockopt(connection.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &connection;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.socket, &event);
  }
}

void Worker::Run() {
  const double rate = shared_.options.rate;
  if (rate > 0) {
    interval_ =
        std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(step_ / rate));
    next_due_ = shared_.start + interval_ * index_ / step_;
    for (Connection& connection : connections_) idle_.push_back(&connection);
    AskDue(Clock::now());
  } else {
    for (Connection& connection : connections_) {
      if (More(Clock::now())) Ask(connection, Clock::now());
    }
  }
  while (waiting_ > 0 || (rate > 0 && next_due_ < shared_.end)) Wait();
}

void Worker::Wait() {
  Clock::duration limit = kSilence;
  const bool due = interval_.count() > 0 && next_due_ < shared_.end && !idle_.empty();
  if (due) limit = std::max(Clock::duration(0), next_due_ - Clock::now());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(limit);
  const timespec timeout{seconds.count(), (limit - seconds).count()};
  const int ready =
      epoll_pwait2(epoll_, events_.data(), static_cast<int>(events_.size()), &timeout, nullptr);
  if (ready <= 0 && !due) Die("no answer for a minute");
  for (int i = 0; i < ready; ++i)
    Receive(*static_cast<Connection*>(events_[static_cast<size_t>(i)].data.ptr));
  if (interval_.count() > 0) AskDue(Clock::now());
}

/// Counts one request more, if there is to be one.
bool Worker::More(Clock::time_point now) {
  if (now >= shared_.end) return false;
  const long limit = shared_.options.requests;
  if (limit == 0 && !numbered_) return true;
  return shared_.asked.fetch_add(1) < limit || limit == 0;
}

/// At a fixed rate: what is due goes out on connections that wait for nothing, late if there are
/// none.
void Worker::AskDue(Clock::time_point now) {
  while (!idle_.empty() && next_due_ <= now && next_due_ < shared_.end) {
    Connection& connection = *idle_.front();
    idle_.pop_front();
    Ask(connection, next_due_);
    next_due_ += interval_;
  }
}

void Worker::Ask(Connection& connection, Clock::time_point due) {
  connection.out = connection.request;
  if (numbered_) {
    ReplaceAll(connection.out, "{n}", std::to_string(shared_.asked.load()));
    ReplaceAll(connection.out, "{length}",
               std::to_string(connection.out.size() - connection.out.find("\r\n\r\n") - 4));
  }
  connection.sent = 0;
  connection.in.clear();
  connection.waits = true;
  connection.due = due;
  ++waiting_;
  Send(connection);
}

void Worker::Send(Connection& connection) {
  while (connection.sent < connection.out.size()) {
    const ssize_t count = ::send(connection.socket, connection.out.data() + connection.sent,
                                 connection.out.size() - connection.sent, MSG_NOSIGNAL);
    if (count < 0) Die("send");
    connection.sent += static_cast<size_t>(count);
  }
}

void Worker::Receive(Connection& connection) {
  static thread_local char buffer[1 << 18];
  const ssize_t count = ::recv(connection.socket, buffer, sizeof buffer, 0);
  if (count <= 0 || !connection.waits)
    Die("the server closed the connection after '" + connection.in + "'");
  std::string_view all(buffer, static_cast<size_t>(count));
  if (!connection.in.empty()) all = connection.in.append(all);
  const size_t head = all.find("\r\n\r\n");
  if (head == std::string_view::npos || all.size() < head + 4 + LengthOf(all.substr(0, head))) {
    if (connection.in.empty()) connection.in = all;
    return;
  }
  Finish(connection, all);
}

void Worker::Finish(Connection& connection, std::string_view answer) {
  last_ = Clock::now();
  connection.waits = false;
  --waiting_;
  if (last_ >= shared_.counted_from) {
    times_.push_back(std::chrono::duration<float, std::milli>(last_ - connection.due).count());
    bytes_ += answer.size();
    if (answer.substr(9, 3) != "200" && failures_++ == 0) {
      std::fprintf(stderr, "http_load: first failure: %s\n",
                   std::string(answer.substr(0, 600)).c_str());
    }
  }
  if (interval_.count() > 0) {
    idle_.push_back(&connection);
  } else if (More(last_)) {
    Ask(connection, last_);
  }
}

}  // namespace quern::load
