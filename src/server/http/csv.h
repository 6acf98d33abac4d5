#pragma once
// CSV bodies (RFC 4180): quotes, doubled quotes, line breaks inside of them, CRLF or LF, a byte
// order mark.
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/result.h"
#include "server/http/arena_list.h"

namespace quern::server {

/// Rows of texts, one after the other; fields point into the text, or into the arena if they had
/// doubled quotes. A plain view.
struct CsvCells {
  std::span<const std::string_view> header;  // empty if the text has none
  std::span<const std::string_view> cells;   // row-major
  std::span<const size_t> lines;             // where each row begins, from 1
  size_t width = 0;
  size_t rows() const { return lines.size(); }
};

/// Reads a table; empty lines are skipped. kInvalidArgument with the line for a row of another
/// length than the first, an open quote, text after a closing quote, a name twice, no header where
/// there should be one, and for text that is not UTF-8. Allocates from the arena alone.
Result<CsvCells> ReadCsv(std::string_view text, bool has_header, Arena& arena);

}  // namespace quern::server
