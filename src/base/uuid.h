#pragma once
// UUIDv7 (RFC 9562) as bytes: made and written without allocating.
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace quern {

inline constexpr size_t kUuidText = 36;
/// Random bytes of one UUIDv7.
inline constexpr size_t kUuidRandom = 10;

struct Uuid {
  std::array<uint8_t, 16> bytes{};
};

/// `ms`: since the Unix epoch.
Uuid MakeUuid7(int64_t ms, std::span<const uint8_t, kUuidRandom> random);
/// The n-th after it of the same millisecond: the last 62 bits count (section 6.2, method 2), so
/// that many ids can follow from one.
Uuid After(const Uuid& uuid, uint64_t n);
/// "01890a5d-ac96-774b-bcce-b302099a8057".
void FormatUuid(const Uuid& uuid, std::span<char, kUuidText> out);

}  // namespace quern
