#include "net/listening_socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace quern::net {
namespace {

std::unexpected<Error> CannotListen(const std::string& host, uint16_t port, int error) {
  const std::string what = "cannot listen on " + host + ":" + std::to_string(port) + ": " +
                           std::strerror(error);  // NOLINT(concurrency-mt-unsafe): glibc's is safe
  if (error == EACCES || error == EPERM) {
    return Fail(Code::kPermissionDenied, what, "choose a port above 1023; 0 takes a free one");
  }
  return Fail(Code::kUnavailable, what,
              "choose another port, or 0 for a free one, and an address of this machine");
}

}  // namespace

Result<UniqueFd> ListenOn(const std::string& host, uint16_t port) {
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
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> address(found, &freeaddrinfo);
  UniqueFd fd(::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (!fd.valid() || ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(fd.get(), address->ai_addr, address->ai_addrlen) != 0 ||
      ::listen(fd.get(), SOMAXCONN) != 0) {
    return CannotListen(host, port, errno);
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

}  // namespace quern::net
