#pragma once
// Answers from files: whole or in part, with what caches and resumed downloads need.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "net/http.h"

namespace quern::server {

/// What of `size` bytes a Range header asks for.
struct ByteRange {
  enum class Kind {
    kWhole,          // no single range, or one that is not understood: RFC 9110 has it ignored
    kPart,           // `length` bytes from `first`
    kUnsatisfiable,  // beyond the end
  };
  Kind kind = Kind::kWhole;
  uint64_t first = 0;
  uint64_t length = 0;
};
ByteRange ParseRange(std::string_view header, uint64_t size);

/// Whether an If-None-Match header names this tag, which has its quotes: weak comparison with each
/// of a list, or "*".
bool AnyMatches(std::string_view header, std::string_view quoted);

/// What of a file the answer to `request` will hold, for FileResponse(); a length of 0 if it will
/// be 304 or 416, or without a body. `etag` without quotes.
ByteRange ServedRange(const net::HttpRequest& request, uint64_t size, std::string_view etag);

/// `attachment; filename="…"`, for any name: quotes, controls and what is not ASCII cannot break
/// the header; the exact name follows as filename*.
std::string AttachmentHeader(std::string_view name);

struct FileToServe {
  UniqueFd fd;
  uint64_t size = 0;
  /// Without quotes.
  std::string etag;
  std::string name;
  std::string content_type;
};

/// 200, 206, 304 (If-None-Match) or 416. Offered as a download under its name, never to be guessed
/// at. A part is sent only if If-Range, where given, names this very content.
net::HttpResponse FileResponse(const net::HttpRequest& request, FileToServe file);

}  // namespace quern::server
