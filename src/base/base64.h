#pragma once
// RFC 4648: bytes as text.
#include <optional>
#include <string>
#include <string_view>

namespace quern {

/// The standard alphabet, padded.
std::string ToBase64(std::string_view bytes);
/// The URL-safe alphabet, not padded.
std::string ToBase64Url(std::string_view bytes);
/// Reads what ToBase64Url writes and nothing else.
std::optional<std::string> FromBase64Url(std::string_view text);
/// Reads the standard and the URL-safe alphabet, padded or not; nothing for any other text.
std::optional<std::string> FromBase64(std::string_view text);

}  // namespace quern
