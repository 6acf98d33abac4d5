#include "base/ids.h"

#include <array>

#include "base/hex.h"
#include "base/secret.h"
#include "base/uuid.h"

namespace quern {
namespace {

template <size_t N>
std::array<unsigned char, N> RandomBytes() {
  std::array<unsigned char, N> bytes{};
  FillRandom(bytes);
  return bytes;
}

}  // namespace

std::string NewHexId() {
  const auto bytes = RandomBytes<16>();
  return ToHex(bytes.data(), bytes.size());
}

std::string NewUuid7(const Clock& clock) {
  const auto random = RandomBytes<kUuidRandom>();
  std::array<char, kUuidText> text{};
  FormatUuid(MakeUuid7(clock.NowMs(), random), text);
  return {text.data(), text.size()};
}

}  // namespace quern
