#include "net/listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace quern::net {
namespace {

/// Accepted before the loop's connections have their turn.
constexpr size_t kTurn = 64;

Result<UniqueFd> Bind(const addrinfo& address) {
  const int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  UniqueFd fd(::socket(address.ai_family, type, 0));
  const int on = 1;
  if (fd.valid()) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (!fd.valid() || ::bind(fd.get(), address.ai_addr, address.ai_addrlen) != 0 ||
      ::listen(fd.get(), SOMAXCONN) != 0) {
    const Code code =
        errno == EACCES || errno == EPERM ? Code::kPermissionDenied : Code::kUnavailable;
    return Fail(code, std::strerror(errno));
  }
  return fd;
}

uint16_t PortOf(int fd) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
  return ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&bound)->sin6_port
                                           : reinterpret_cast<sockaddr_in*>(&bound)->sin_port);
}

}  // namespace

Result<uint16_t> Listener::Listen(const std::string& host, uint16_t port) {
  const std::string numeric = host == "localhost" ? "127.0.0.1" : host;
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  // An empty name would be every address.
  if (numeric.empty() ||
      ::getaddrinfo(numeric.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    return Fail(Code::kInvalidArgument, "'" + host + "' is not an IP address",
                "for example 127.0.0.1 (this machine alone) or 0.0.0.0 (every network)");
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> address(found, freeaddrinfo);
  auto bound = Bind(*address);
  if (!bound) {
    return Fail(
        bound.error().code,
        "cannot listen on " + host + ":" + std::to_string(port) + ": " + bound.error().message,
        "choose another port; 0 takes a free one");
  }
  fd_ = std::move(*bound);
  return PortOf(fd_.get());
}

Status Listener::Start() {
  if (loop_.Watch(fd_.get(), this, EPOLLIN)) return {};
  return Fail(Code::kResourceExhausted,
              std::string("cannot wait for connections: ") + std::strerror(errno));
}

bool Listener::Accept(size_t limit) {
  for (size_t accepted = 0; accepted < limit;) {
    UniqueFd socket(::accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.valid()) {
      ++accepted;
      on_socket_(std::move(socket));
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) return true;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) return false;
    // This connection failed before it was ours: the next one.
    ++accepted;
  }
  return true;
}

void Listener::OnReady(uint32_t /*events*/) {
  if (Accept(kTurn)) return;
  // Wait for some to come back rather than spin.
  loop_.Unwatch(fd_.get());
  loop_.timers().Start(this, Wait::kBackOff, loop_.now());
}

void Listener::OnTimeout(Wait /*wait*/) {
  if (!loop_.Watch(fd_.get(), this, EPOLLIN)) {
    loop_.timers().Start(this, Wait::kBackOff, loop_.now());
  }
}

void Listener::Finish() {
  Timer::Stop();
  Accept(SIZE_MAX);
  loop_.Unwatch(fd_.get());
  fd_ = UniqueFd();
}

}  // namespace quern::net
