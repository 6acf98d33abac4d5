#pragma once
// What a request's head must look like beyond what Beast asks: everything that two parsers on one
// path could read differently (request smuggling) is refused. Pure: bytes in, verdict out.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"

namespace quern::net {

/// Looks at the bytes of a head as they arrive. Refuses a bare LF or CR, NUL, a continuation line,
/// and an empty first line, at the first byte that shows it.
class HeadScanner {
 public:
  enum class Verdict { kMore, kDone, kBad };
  /// `bytes` is everything received of this request so far; looks only at what is new.
  Verdict Scan(std::string_view bytes);
  /// Length of the head with its closing empty line, after kDone.
  size_t length() const { return at_; }
  /// What is wrong, after kBad.
  std::string_view problem() const { return problem_; }
  /// For the next request on the connection.
  void Reset() { *this = HeadScanner(); }

 private:
  Verdict Bad(std::string_view problem);
  size_t at_ = 0;
  size_t line_start_ = 0;
  std::string_view problem_;
};

struct Refusal {
  int status = 400;
  std::string message;
};

/// A head whose syntax is good. `version` is 10 or 11.
struct Head {
  std::string_view method;
  std::string_view target;
  int version = 11;
  const std::vector<Header>* headers = nullptr;
};

/// Host, Content-Length, Transfer-Encoding, Expect, the target's form.
std::optional<Refusal> CheckHead(const Head& head);

/// 413 if a head that CheckHead() let through announces a body of more than `max_body` bytes.
std::optional<Refusal> CheckLength(const std::vector<Header>& headers, uint64_t max_body);

/// Splits an origin-form or absolute-form target into path, query and decoded segments of
/// `request`. Refuses malformed percent signs, control characters and text that is not UTF-8 after
/// decoding.
std::optional<Refusal> SplitTarget(std::string_view target, HttpRequest* request);

/// Decodes percent signs once; nothing if one is malformed.
std::optional<std::string> DecodeUrl(std::string_view text);

}  // namespace quern::net
