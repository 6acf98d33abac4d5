#include "base/ids.h"

#include <array>

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

template <size_t N>
std::string Hex(const std::array<unsigned char, N>& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (unsigned char byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

}  // namespace

std::string NewHexId() { return Hex(RandomBytes<16>()); }

std::string NewUuid7(const Clock& clock) {
  const auto random = RandomBytes<kUuidRandom>();
  std::array<char, kUuidText> text{};
  FormatUuid(MakeUuid7(clock.NowMs(), random), text);
  return {text.data(), text.size()};
}

}  // namespace quern
