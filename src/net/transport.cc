#include "net/transport.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace quern::net {
namespace {

Io Judge(ssize_t result) {
  if (result > 0) return {Io::Kind::kDone, static_cast<size_t>(result)};
  if (result == 0) return {Io::Kind::kEnd, 0};
  return {errno == EAGAIN || errno == EWOULDBLOCK ? Io::Kind::kAgain : Io::Kind::kBroken, 0};
}

}  // namespace

Transport::Transport(UniqueFd fd, std::unique_ptr<TlsStream> tls)
    : fd_(std::move(fd)), tls_(std::move(tls)) {
  const int on = 1;
  ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Io Transport::Read(std::span<char> to) {
  if (tls_ != nullptr) return tls_->Read(to.data(), to.size());
  ssize_t got = 0;
  do {
    got = ::recv(fd_.get(), to.data(), to.size(), 0);
  } while (got < 0 && errno == EINTR);
  return Judge(got);
}

Io Transport::Write(std::span<const iovec> parts) {
  if (tls_ != nullptr) {
    return tls_->Write(static_cast<const char*>(parts[0].iov_base), parts[0].iov_len);
  }
  ssize_t sent = 0;
  do {
    if (parts.size() == 1) {
      sent = ::send(fd_.get(), parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL);
    } else {
      msghdr message{};
      message.msg_iov = const_cast<iovec*>(parts.data());
      message.msg_iovlen = parts.size();
      sent = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
    }
  } while (sent < 0 && errno == EINTR);
  return Judge(sent);
}

void Transport::EndWriting() {
  if (tls_ != nullptr) tls_->EndWriting();
  ::shutdown(fd_.get(), SHUT_WR);
}

void Transport::Close() {
  tls_.reset();
  fd_ = UniqueFd();
}

}  // namespace quern::net
