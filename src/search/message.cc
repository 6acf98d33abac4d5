#include "search/message.h"

#include <utility>

namespace quern::search {
namespace {

constexpr size_t kShown = 80;

}  // namespace

std::unexpected<Error> Bad(std::string message, size_t column, std::string_view hint) {
  message += " at column " + std::to_string(column);
  if (!hint.empty()) message += ": " + std::string(hint);
  Position where;
  where.column = static_cast<int>(column);
  return Fail(Code::kInvalidArgument, std::move(message), {}, std::move(where));
}

std::string Shown(std::string_view text) {
  if (text.size() <= kShown) return std::string(text);
  size_t size = kShown;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return std::string(text.substr(0, size)) + "…";
}

std::string InvalidClause(std::string_view text) {
  return "Invalid clause(s) in filter string: '" + Shown(text) + "'";
}

}  // namespace quern::search
