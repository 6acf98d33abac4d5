#include "net/tcp_listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace quern::net {
namespace {

constexpr int kBacklog = 1024;
/// Milliseconds without accepting when the process has no file descriptor left.
constexpr int kPause = 50;

std::unexpected<Error> CannotListen(const std::string& host, uint16_t port, int error) {
  const std::string what = "cannot listen on " + host + ":" + std::to_string(port) + ": " +
                           std::strerror(error);  // NOLINT(concurrency-mt-unsafe): glibc's is safe
  if (error == EACCES) return Fail(Code::kPermissionDenied, what, "choose a port above 1023");
  return Fail(Code::kUnavailable, what,
              "choose another port, or 0 for a free one, and an address of this machine");
}

}  // namespace

Result<std::unique_ptr<TcpListener>> TcpListener::Open(const std::string& host, uint16_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const char* numeric = host == "localhost" ? "127.0.0.1" : host.c_str();
  if (getaddrinfo(numeric, std::to_string(port).c_str(), &hints, &found) != 0) {
    return Fail(Code::kInvalidArgument, "'" + host + "' is not a numeric address",
                "write 127.0.0.1 for this machine alone, 0.0.0.0 for every network");
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> address(found, &freeaddrinfo);
  UniqueFd socket(::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  UniqueFd wake(eventfd(0, EFD_CLOEXEC));
  const int on = 1;
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (!socket.valid() || !wake.valid() ||
      setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      bind(socket.get(), address->ai_addr, address->ai_addrlen) != 0 ||
      listen(socket.get(), kBacklog) != 0 ||
      getsockname(socket.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    return CannotListen(host, port, errno);
  }
  const uint16_t taken =
      ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(&bound)->sin6_port
                                        : reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);
  return std::unique_ptr<TcpListener>(new TcpListener(std::move(socket), std::move(wake), taken));
}

void TcpListener::Start(Accepted accepted) {
  thread_ = std::thread([this, accepted = std::move(accepted)] { Run(accepted); });
}

void TcpListener::Close() {
  if (!socket_.valid()) return;
  if (thread_.joinable()) {
    (void)eventfd_write(wake_.get(), 1);
    thread_.join();
  }
  socket_ = UniqueFd();
}

void TcpListener::Run(const Accepted& accepted) {
  pollfd watched[] = {{wake_.get(), POLLIN, 0}, {socket_.get(), POLLIN, 0}};
  bool exhausted = false;
  while (true) {
    if (poll(watched, exhausted ? 1 : 2, exhausted ? kPause : -1) < 0 && errno != EINTR) return;
    if ((watched[0].revents & POLLIN) != 0) return;
    const int connection = accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (connection < 0) {
      const bool full = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
      if (full && !exhausted) Log(LogLevel::kWarning, "too many open files: connections wait");
      exhausted = full;
      continue;
    }
    exhausted = false;
    const int on = 1;
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    accepted(connection);
  }
}

}  // namespace quern::net
