#pragma once
// Small text helpers that the standard library lacks.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quern {

std::string_view Trim(std::string_view text);
std::vector<std::string_view> Split(std::string_view text, char separator);
std::string Join(std::span<const std::string> parts, std::string_view separator);
std::string ToLower(std::string_view text);
bool StartsWith(std::string_view text, std::string_view prefix);

/// The whole of `text` (trimmed) as a finite or infinite decimal number; nothing for anything else.
/// "1", "1.0", "01", "1e3", "-.5" are numbers; "nan", "0x1", "" are not.
std::optional<double> ParseDouble(std::string_view text);
std::optional<int64_t> ParseInt(std::string_view text);
/// Shortest decimal form that reads back as the same double: 1 not 1.0; "nan", "inf", "-inf".
std::string ShortestDouble(double value);

/// `text` between `quote` signs, with those inside doubled: names and texts of SQL.
std::string Quoted(std::string_view text, char quote);

/// The nearest of `known` to a misspelt `word`, or nothing if none is near (Damerau–Levenshtein).
std::optional<std::string> DidYouMean(std::string_view word, std::span<const std::string> known);
/// "did you mean 'x'?" or "known: a, b, c": a hint for an unknown name.
std::string SuggestName(std::string_view word, std::span<const std::string> known);

/// Offset of the first byte that is not valid UTF-8, or nothing.
std::optional<size_t> FindInvalidUtf8(std::string_view text);

/// "412 ms", "3.2 s", "2 min 05 s".
std::string FormatDuration(double seconds);
/// "1.2 MB".
std::string FormatBytes(uint64_t bytes);

}  // namespace quern
