#pragma once
// RFC 4648: bytes as text.
#include <optional>
#include <string>
#include <string_view>

namespace quern {

/// The standard alphabet, padded.
std::string ToBase64(std::string_view bytes);
/// Reads the standard and the URL-safe alphabet, padded or not; nothing for any other text.
std::optional<std::string> FromBase64(std::string_view text);

}  // namespace quern
