#pragma once
// The head of a request, read in one pass over bytes that stay where they are. Pure: bytes in,
// verdict out.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/inline.h"
#include "net/strict.h"

namespace quern::net {

/// A head whose syntax is good. Its texts point into the bytes it was read from.
struct RequestHead {
  std::string_view method;
  /// As sent; path and query are parts of it.
  std::string_view target;
  std::string_view path;
  std::string_view query;
  /// 10 or 11.
  int version = 11;
  std::vector<HeaderView> headers;
  std::string_view content_encoding;
  std::string_view authorization;
  uint64_t content_length = 0;
  bool chunked = false;
  bool keep_alive = true;
  /// The client waits for "100 Continue" before it sends the body.
  bool expects_continue = false;
  /// Bytes, with the closing empty line.
  size_t length = 0;

  bool has_body() const { return chunked || content_length > 0; }
  /// True if the body is compressed.
  bool encoded() const;
};

/// Reads heads one after the other, each from bytes that arrive in pieces. Refuses, at the first
/// byte that shows it: a bare LF or CR, NUL, a continuation line, an empty first line; and at the
/// end of the line or of the head: whatever else is no HTTP/1.x, Content-Length together with
/// Transfer-Encoding, either of them twice, no or two Hosts (net/README.md has the list).
class HeadParser {
 public:
  enum class Verdict { kMore, kDone, kBad };

  /// `limit` is in bytes, of request line and headers together.
  explicit HeadParser(size_t limit) : limit_(limit) {}
  /// `bytes` is everything received of this request so far, and perhaps more; looks only at what is
  /// new. After a kMore the bytes may have moved: see Rebase().
  Verdict Parse(std::string_view bytes);
  const RequestHead& head() const { return head_; }
  /// After kBad.
  const Refusal& refusal() const { return refusal_; }
  /// The bytes that began at `from` begin at `to` from now on. Call while both are there.
  void Rebase(const char* from, const char* to);
  /// For the next request.
  void Reset();

 private:
  /// False, for the caller to give back.
  bool Refuse(int status, std::string message);
  Verdict Bad(std::string_view message);
  Verdict CheckPart(std::string_view bytes);
  bool RequestLine(std::string_view line);
  bool HeaderLine(std::string_view line);
  bool Known(std::string_view name, std::string_view value);
  bool ContentLength(std::string_view value);
  bool Finish();

  size_t limit_;
  /// Where the line that is being read begins, and up to where it holds no line feed.
  size_t line_ = 0;
  size_t searched_ = 0;
  int hosts_ = 0;
  int lengths_ = 0;
  int codings_ = 0;
  int expectations_ = 0;
  bool says_keep_alive_ = false;
  bool says_close_ = false;
  RequestHead head_;
  Refusal refusal_;
  std::string scratch_;
};

}  // namespace quern::net
