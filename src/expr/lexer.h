#pragma once
// Inside of expr/ only: text to tokens.
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace quern::expr {

enum class TokenKind { kNumber, kText, kWord, kQuotedName, kSymbol, kEnd };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  /// As written for words and symbols; unescaped for texts and quoted names.
  std::string text;
  double number = 0;
  Position where;
};

/// The last token is kEnd. Errors at their position: a character that has no meaning, a quote that
/// is never closed, a number that does not end.
Result<std::vector<Token>> Tokenize(std::string_view text, const Position& origin);

}  // namespace quern::expr
