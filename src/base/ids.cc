#include "base/ids.h"

#include <openssl/rand.h>

#include <array>

#include "base/check.h"

namespace quern {
namespace {

template <size_t N>
std::array<unsigned char, N> RandomBytes() {
  std::array<unsigned char, N> bytes{};
  QUERN_CHECK(RAND_bytes(bytes.data(), static_cast<int>(N)) == 1, "the system's random source");
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
  auto bytes = RandomBytes<16>();
  const auto ms = static_cast<uint64_t>(clock.NowMs());
  for (size_t i = 0; i < 6; ++i) bytes[i] = static_cast<unsigned char>(ms >> (40 - 8 * i));
  bytes[6] = static_cast<unsigned char>(0x70 | (bytes[6] & 0x0f));
  bytes[8] = static_cast<unsigned char>(0x80 | (bytes[8] & 0x3f));
  std::string hex = Hex(bytes);
  for (size_t at : {20, 16, 12, 8}) hex.insert(at, "-");
  return hex;
}

}  // namespace quern
