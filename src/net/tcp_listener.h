#pragma once
// A listening socket for protocols that another library speaks: it gives the accepted connections
// away.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/fd.h"
#include "base/result.h"

namespace quern::net {

/// Thread-safe.
class TcpListener {
 public:
  /// A connection's descriptor, which is the callee's to close: nonblocking, without Nagle's delay.
  /// Called on the listener's thread.
  using Accepted = std::function<void(int connection)>;

  /// ListenOn(), and kResourceExhausted without a descriptor. Nothing is accepted before Start().
  static Result<std::unique_ptr<TcpListener>> Open(const std::string& host, uint16_t port);
  /// Close().
  ~TcpListener() { Close(); }
  TcpListener(const TcpListener&) = delete;
  TcpListener& operator=(const TcpListener&) = delete;

  uint16_t port() const { return port_; }
  void Start(Accepted accepted);
  /// From now on connections are refused; `accepted` is not called any more. Idempotent, but not
  /// from within `accepted`.
  void Close();

 private:
  TcpListener(UniqueFd socket, UniqueFd wake, uint16_t port)
      : socket_(std::move(socket)), wake_(std::move(wake)), port_(port) {}
  void Run(const Accepted& accepted);

  UniqueFd socket_;
  UniqueFd wake_;
  uint16_t port_;
  std::thread thread_;
};

}  // namespace quern::net
