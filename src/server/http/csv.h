#pragma once
// CSV bodies (RFC 4180): quotes, doubled quotes, line breaks inside of them, CRLF or LF, a byte
// order mark.
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace quern::server {

struct CsvTable {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;  // each as long as the header
  std::vector<size_t> lines;                   // where each row begins, from 1
};

/// Reads a table with a header row; empty lines are skipped. kInvalidArgument with the line for a
/// row of another length than the header, an open quote, text after a closing quote, a name twice,
/// no header, and for text that is not UTF-8.
Result<CsvTable> ParseCsv(std::string_view text);

}  // namespace quern::server
