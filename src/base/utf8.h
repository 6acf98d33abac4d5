#pragma once
#include <cstdint>
#include <string>

namespace quern {

/// Appends a character by its number (a Unicode scalar value) as UTF-8 (RFC 3629, section 3).
void AppendUtf8(uint32_t point, std::string& out);

}  // namespace quern
