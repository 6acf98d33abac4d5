#pragma once
// Secrets: what proves a sender, and what only the holder of a key can read.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace quern {

/// HMAC-SHA-256 (RFC 2104): 32 bytes.
std::string HmacSha256(std::string_view key, std::string_view message);

/// From the system's random source.
std::string RandomBytes(size_t count);
/// The same without allocating.
void FillRandom(std::span<uint8_t> out);

inline constexpr size_t kSealKeyBytes = 32;

/// AES-256-GCM: nonce, cipher text and tag in one. `key` has kSealKeyBytes. The same `about` must
/// be given to open it: a sealed text cannot be moved to another row.
std::string Seal(std::string_view key, std::string_view text, std::string_view about);
/// kDataLoss if it was sealed with another key or about something else, or was changed.
Result<std::string> Unseal(std::string_view key, std::string_view sealed, std::string_view about);

}  // namespace quern
