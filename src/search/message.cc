#include "search/message.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace quern::search {
namespace {

constexpr size_t kShown = 80;

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

std::unexpected<Error> Bad(std::string message, size_t column, std::string_view hint) {
  message += " at column " + std::to_string(column);
  if (!hint.empty()) message += ": " + std::string(hint);
  Position where;
  where.column = static_cast<int>(column);
  return Fail(Code::kInvalidArgument, std::move(message), {}, std::move(where));
}

std::string Shown(std::string_view text) {
  const size_t valid = FindInvalidUtf8(text).value_or(text.size());
  if (valid == text.size() && valid <= kShown) return std::string(text);
  size_t size = std::min(valid, kShown);
  while (size > 0 && size < text.size() && IsContinuation(text[size])) --size;
  return std::string(text.substr(0, size)) + "…";
}

std::string InvalidClause(std::string_view text) {
  return "Invalid clause(s) in filter string: '" + Shown(text) + "'";
}

}  // namespace quern::search
