#pragma once
// What one connection has still to send.
#include <cstddef>
#include <string>
#include <string_view>

#include "net/transport.h"

namespace quern::net {

/// Answers in their order: heads and small bodies together in one buffer, and behind it at most one
/// large body, which is not copied.
class Outgoing {
 public:
  /// Append to it; not after a large body was put behind it.
  std::string& buffer() { return buffer_; }
  void AddBody(std::string body);

  bool empty() const { return waiting() == 0; }
  size_t waiting() const { return buffer_.size() + body_.size() - sent_; }
  /// kDone once all is sent, kAgain when the socket takes no more now; `bytes` were sent.
  Io Send(Transport& transport);
  void Clear();

 private:
  std::string buffer_;
  std::string body_;
  /// Of both together.
  size_t sent_ = 0;
};

}  // namespace quern::net
