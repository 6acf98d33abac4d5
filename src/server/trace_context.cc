#include "server/trace_context.h"

#include <algorithm>

#include "base/hex.h"

namespace quern::server {
namespace {

template <size_t N>
bool Read(std::string_view text, std::array<uint8_t, N>& out) {
  return ReadHex(text, out.data(), N);
}

template <size_t N>
bool AllZero(const std::array<uint8_t, N>& bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
}

}  // namespace

std::optional<TraceContext> ParseTraceparent(std::string_view header) {
  if (header.size() < kTraceparentBytes) return std::nullopt;
  if (header[2] != '-' || header[35] != '-' || header[52] != '-') return std::nullopt;
  std::array<uint8_t, 1> version{};
  std::array<uint8_t, 1> flags{};
  TraceContext context;
  if (!Read(header.substr(0, 2), version) || !Read(header.substr(3, 32), context.trace) ||
      !Read(header.substr(36, 16), context.parent) || !Read(header.substr(53, 2), flags)) {
    return std::nullopt;
  }
  // A later version may say more, behind another dash.
  const bool ends = header.size() == kTraceparentBytes;
  if (version[0] == 0xff || (version[0] == 0 && !ends)) return std::nullopt;
  if (!ends && header[kTraceparentBytes] != '-') return std::nullopt;
  if (AllZero(context.trace) || AllZero(context.parent)) return std::nullopt;
  context.sampled = (flags[0] & 1) != 0;
  return context;
}

void WriteTraceparent(const TraceContext& context, std::array<char, kTraceparentBytes>& out) {
  std::fill(out.begin(), out.end(), '-');
  out[0] = out[1] = out[53] = '0';
  WriteHex(context.trace.data(), context.trace.size(), &out[3]);
  WriteHex(context.parent.data(), context.parent.size(), &out[36]);
  out[54] = context.sampled ? '1' : '0';
}

}  // namespace quern::server
