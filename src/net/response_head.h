#pragma once
// The head of an answer, appended to what goes out.
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

namespace quern::net {

/// The Date header's line, formatted once a second. One per event loop: not thread-safe.
class DateLine {
 public:
  /// "Date: Sun, 06 Nov 1994 08:49:37 GMT" and CRLF (RFC 9110, section 6.6.1).
  std::string_view At(std::time_t now);

 private:
  std::time_t second_ = -1;
  std::string line_;
};

/// What the Connection header says; nothing for a connection that is kept as HTTP/1.1 does.
enum class Keep { kOpen, kOpenSaid, kClose };

/// 204 and 304 end with their head, and announce no length.
bool HasBody(int status);

/// The status line and the headers that every answer has, without the closing empty line: the
/// caller's own lines and EndHead() follow. `date` is a whole line.
void BeginHead(std::string* out, int status, std::string_view date, uint64_t length,
               std::string_view content_type);
void EndHead(std::string* out, Keep keep);

}  // namespace quern::net
