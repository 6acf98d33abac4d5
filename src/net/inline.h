#pragma once
// Requests that are answered on the event loop's own thread: no thread is woken, nothing is copied,
// and after warm-up nothing is allocated.
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace quern::net {

struct HeaderView {
  /// As sent: any case.
  std::string_view name;
  /// Without the blanks around it.
  std::string_view value;
};

/// True if two header names are the same: ASCII letters in any case.
bool SameName(std::string_view a, std::string_view b);

/// One request whose head was found well-formed and whose body has arrived. Everything points into
/// buffers of the connection or of the loop: valid during the call alone.
struct RequestView {
  std::string_view method;
  /// As sent, without the query: still percent-encoded, but well-formed.
  std::string_view path;
  /// What stood after '?', undecoded.
  std::string_view query;
  std::span<const HeaderView> headers;
  /// Decompressed, if it came with `Content-Encoding: gzip` or `deflate`.
  std::string_view body;
  /// Which of the server's event loops asks, from 0: what belongs to one loop needs no lock.
  size_t loop = 0;
  /// Connections that became ready in the same wake-up and have not been looked at yet: more
  /// requests of them may follow.
  size_t behind = 0;
  /// What ResponseWriter::AskAgain() was given when this request was asked before; 0: never.
  size_t ticket = 0;

  /// The value of the first header of that name (any case), or "".
  std::string_view Find(std::string_view name) const;
};

/// The answer to one request: 200 and application/json until told otherwise. Its strings keep their
/// capacity from one request to the next, up to a bound.
class ResponseWriter {
 public:
  void SetStatus(int status) { status_ = status; }
  void SetContentType(std::string_view type) { content_type_ = type; }
  /// Besides Content-Type, Content-Length, Date and Connection, which the server writes. Control
  /// characters in a value become blanks.
  void AddHeader(std::string_view name, std::string_view value);
  /// Instead of an answer: the handler, which then has to return true, is asked once more when all
  /// that has come with this wake-up was looked at (ServerOptions::again_delay: later), with
  /// `ticket`, above 0, in the request. Head and body stay where they are until then, unless the
  /// body was decompressed. In the order of the first asking; a client that has gone is not asked
  /// for. Asked again, the handler must answer or hand on.
  void AskAgain(size_t ticket) { ticket_ = ticket; }
  size_t ticket() const { return ticket_; }
  /// Empty at first; append to it.
  std::string& body() { return body_; }
  const std::string& body() const { return body_; }

  int status() const { return status_; }
  std::string_view content_type() const { return content_type_; }
  /// Whole header lines, each with its CRLF.
  std::string_view header_lines() const { return header_lines_; }
  /// For the next request. Gives memory back if the last answer was unusually large.
  void Reset();

 private:
  int status_ = 200;
  size_t ticket_ = 0;
  std::string content_type_ = "application/json";
  std::string header_lines_;
  std::string body_;
};

/// Appends `name: value` and CRLF. A value may come from a request: nothing in it may end the line,
/// so control characters become blanks.
void AppendHeaderLine(std::string* out, std::string_view name, std::string_view value);

/// Called on an event loop's thread; several loops call at once. Must not block: every other
/// connection of the loop waits. False: not mine (what was written is forgotten), the general
/// handler gets the request.
using InlineHandler = std::function<bool(const RequestView&, ResponseWriter&)>;

/// Called on the loop's thread once per wake-up in which its inline handler has answered something,
/// before any of these answers is sent. After an error they all become 503 with its message.
using AfterWakeup = std::function<Status(size_t loop)>;

}  // namespace quern::net
