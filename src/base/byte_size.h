#pragma once
// Numbers of bytes as people write them.
#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace quern {

/// "67108864", "64MB", "64 MiB", "0": units are powers of 1024. kInvalidArgument for what is none,
/// or beyond 2^61 bytes.
Result<uint64_t> ParseByteSize(std::string_view text);

}  // namespace quern
