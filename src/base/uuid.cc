#include "base/uuid.h"

#include <algorithm>
#include <string_view>

namespace quern {

Uuid MakeUuid7(int64_t ms, std::span<const uint8_t, kUuidRandom> random) {
  Uuid uuid;
  const auto time = static_cast<uint64_t>(ms);
  for (size_t i = 0; i < 6; ++i) uuid.bytes[i] = static_cast<uint8_t>(time >> (40 - 8 * i));
  std::copy(random.begin(), random.end(), uuid.bytes.begin() + 6);
  uuid.bytes[6] = static_cast<uint8_t>(0x70 | (uuid.bytes[6] & 0x0f));
  uuid.bytes[8] = static_cast<uint8_t>(0x80 | (uuid.bytes[8] & 0x3f));
  return uuid;
}

Uuid After(const Uuid& uuid, uint64_t n) {
  constexpr uint64_t kCounter = (uint64_t{1} << 62) - 1;
  uint64_t low = 0;
  for (size_t i = 8; i < 16; ++i) low = low << 8 | uuid.bytes[i];
  low = (low & ~kCounter) | ((low + n) & kCounter);
  Uuid after = uuid;
  for (size_t i = 0; i < 8; ++i) after.bytes[8 + i] = static_cast<uint8_t>(low >> (56 - 8 * i));
  return after;
}

void FormatUuid(const Uuid& uuid, std::span<char, kUuidText> out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  size_t at = 0;
  for (size_t i = 0; i < uuid.bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out[at++] = '-';
    out[at++] = kDigits[uuid.bytes[i] >> 4];
    out[at++] = kDigits[uuid.bytes[i] & 15];
  }
}

}  // namespace quern
