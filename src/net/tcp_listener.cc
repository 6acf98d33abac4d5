#include "net/tcp_listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "net/listening_socket.h"

namespace quern::net {
namespace {

/// Milliseconds without accepting when the process has no file descriptor left.
constexpr int kPause = 50;

}  // namespace

Result<std::unique_ptr<TcpListener>> TcpListener::Open(const std::string& host, uint16_t port) {
  QUERN_ASSIGN(UniqueFd socket, ListenOn(host, port));
  UniqueFd wake(eventfd(0, EFD_CLOEXEC));
  if (!wake.valid()) {
    return Fail(Code::kResourceExhausted,
                std::string("cannot wait for connections: ") + std::strerror(errno),
                "raise the limit of open files (ulimit -n)");
  }
  const uint16_t taken = PortOf(socket.get());
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
