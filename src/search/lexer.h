#pragma once
// Inside of search/ only: text to tokens.
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace quern::search {

enum class TokenKind { kName, kText, kNumber, kSymbol, kEnd };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  /// As written.
  std::string raw;
  /// Of a name: `entity.key`, split at the first dot. Of a text: its value in `key`.
  std::string entity;
  std::string key;
  bool has_entity = false;
  /// A name that holds quotes: never a keyword.
  bool quoted = false;
  double number = 0;
  /// Counts characters from 1.
  size_t column = 1;
};

/// The last token is kEnd. `what` names the text in messages. Errors: too long, not UTF-8, a NUL, a
/// quote that is never closed, a character that has no meaning.
Result<std::vector<Token>> Tokenize(std::string_view text, const std::string& what);

}  // namespace quern::search
