#pragma once
// gzip and deflate bodies, with a bound on what comes out (a small body can hold a huge one).
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace quern::net {

/// Decompresses a body. `encoding` is "gzip" ("x-gzip") or "deflate" (zlib wrapper), any case;
/// another is kInvalidArgument, as are broken data; more than `max_bytes` out is
/// kResourceExhausted.
Result<std::string> Decompress(std::string_view body, std::string_view encoding,
                               uint64_t max_bytes);
/// For tests and clients.
std::string GzipCompress(std::string_view body);

}  // namespace quern::net
