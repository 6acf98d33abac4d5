#pragma once
// The listening socket of a server.
#include <cstdint>
#include <functional>
#include <string>

#include "base/fd.h"
#include "net/event_loop.h"

namespace quern::net {

/// Accepts on the thread of one event loop.
class Listener final : public Watcher, public Timer {
 public:
  /// `on_socket` gets each connection, non-blocking.
  Listener(EventLoop& loop, std::function<void(UniqueFd)> on_socket)
      : loop_(loop), on_socket_(std::move(on_socket)) {}

  /// ListenOn(); returns the port.
  Result<uint16_t> Listen(const std::string& host, uint16_t port);
  /// Before the loop runs: accepts from now on.
  Status Start();
  /// On the loop's thread: accepts those that have connected already, and then nobody.
  void Finish();

 private:
  void OnReady(uint32_t events) override;
  void OnTimeout(Wait wait) override;
  /// `limit` connections at most; false if descriptors or memory are short.
  bool Accept(size_t limit);

  EventLoop& loop_;
  std::function<void(UniqueFd)> on_socket_;
  UniqueFd fd_;
};

}  // namespace quern::net
