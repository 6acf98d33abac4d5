#pragma once
// Where the body of a request goes when it is too large to be held in memory.
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string_view>

#include "base/result.h"

namespace quern::net {

struct HttpRequest;

/// Receives one body while it arrives. Calls come one after the other, perhaps from several
/// threads. Destroyed without another word if the client breaks off: what was not finished by the
/// handler must then leave nothing behind.
class BodySink {
 public:
  virtual ~BodySink() = default;
  /// The next bytes, decompressed, at most 256 KB. May block: nothing is read from the client
  /// meanwhile. After an error nothing more is appended; the handler is called at once, finds the
  /// error in HttpRequest::body_error, and the connection closes after its answer.
  virtual Status Append(std::string_view bytes) = 0;
  /// Bytes, sent and decompressed, above which the request is refused with 413.
  virtual uint64_t max_bytes() const { return std::numeric_limits<uint64_t>::max(); }
};

/// Asked when the head of a request has been read and found well-formed, before its body. Null: the
/// body is buffered, within ServerOptions::max_body. An error: the body is not read, the handler
/// finds the error in HttpRequest::body_error. Thread-safe; must not keep the head.
using BodyHook = std::function<Result<std::shared_ptr<BodySink>>(const HttpRequest& head)>;

}  // namespace quern::net
