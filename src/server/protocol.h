#pragma once
// How a request came, for what is written down of it.
#include <cstdint>

namespace quern::server {

enum class Protocol : uint8_t { kHttp, kGrpc };

}  // namespace quern::server
