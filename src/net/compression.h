#pragma once
// gzip and deflate bodies, with a bound on what comes out (a small body can hold a huge one).
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace quern::net {

/// Whether a Content-Encoding says that a body is compressed, if perhaps in a way that nobody
/// knows.
inline bool IsEncoded(std::string_view encoding) {
  return !encoding.empty() && encoding != "identity";
}

/// The windowBits by which zlib reads and writes "gzip" ("x-gzip") or "deflate" (zlib wrapper), any
/// case; nothing for another encoding.
std::optional<int> WindowOf(std::string_view encoding);

/// Decompresses a body piece by piece.
class Inflater {
 public:
  /// kInvalidArgument for an encoding without WindowOf().
  static Result<std::unique_ptr<Inflater>> Make(std::string_view encoding);
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// Calls `out` with what `bytes` decompress to, at most 64 KB at a time. kInvalidArgument for
  /// broken data and for bytes after the end; an error of `out` ends it and is given back.
  Status Push(std::string_view bytes, const std::function<Status(std::string_view)>& out);
  /// True once the data has come to its proper end.
  bool done() const { return done_; }

 private:
  struct Stream;
  Inflater(std::unique_ptr<Stream> stream, std::string kind);
  std::unique_ptr<Stream> stream_;
  std::string kind_;
  bool done_ = false;
};

/// Decompresses a whole body. `encoding` as above; broken data are kInvalidArgument; more than
/// `max_bytes` out is kResourceExhausted.
Result<std::string> Decompress(std::string_view body, std::string_view encoding,
                               uint64_t max_bytes);
/// The whole of `body`; `encoding` is "gzip" or "deflate" (zlib wrapper).
std::string Compress(std::string_view body, std::string_view encoding);
inline std::string GzipCompress(std::string_view body) { return Compress(body, "gzip"); }

}  // namespace quern::net
