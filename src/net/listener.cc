#include "net/listener.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "net/listening_socket.h"

namespace quern::net {
namespace {

/// Accepted before the loop's connections have their turn.
constexpr size_t kTurn = 64;

}  // namespace

Result<uint16_t> Listener::Listen(const std::string& host, uint16_t port) {
  QUERN_ASSIGN(fd_, ListenOn(host, port));
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
