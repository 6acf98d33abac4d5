#pragma once
// W3C Trace Context, level 1: the header `traceparent`.
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace quern::server {

using TraceId = std::array<uint8_t, 16>;
using SpanId = std::array<uint8_t, 8>;

struct TraceContext {
  TraceId trace{};
  /// Of the caller's span.
  SpanId parent{};
  bool sampled = false;
};

/// Nothing for a header that is none: the standard says to begin a trace of one's own then.
std::optional<TraceContext> ParseTraceparent(std::string_view header);

inline constexpr size_t kTraceparentBytes = 55;
/// "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".
void WriteTraceparent(const TraceContext& context, std::array<char, kTraceparentBytes>& out);

}  // namespace quern::server
