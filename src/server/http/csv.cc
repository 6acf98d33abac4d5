#include "server/http/csv.h"

#include <algorithm>

#include "base/text.h"

namespace quern::server {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::unexpected<Error> Bad(size_t line, std::string what) {
  return Fail(Code::kInvalidArgument, "CSV line " + std::to_string(line) + ": " + std::move(what));
}

/// One pass over the text, record by record.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  bool AtEnd() const { return at_ >= text_.size(); }
  size_t line() const { return line_; }

  /// The next record; empty for an empty line.
  Result<std::vector<std::string>> Record() {
    std::vector<std::string> fields;
    if (EndLine()) return fields;
    for (;;) {
      std::string field;
      if (!AtEnd() && text_[at_] == '"') {
        QUERN_ASSIGN(field, QuotedField());
      } else {
        size_t end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
        field = text_.substr(at_, end - at_);
        at_ = end;
      }
      fields.push_back(std::move(field));
      if (AtEnd() || EndLine()) return fields;
      if (text_[at_] != ',') return Bad(line_, "text after a closing quote");
      ++at_;
    }
  }

 private:
  Result<std::string> QuotedField() {
    std::string field;
    size_t began = line_;
    for (++at_; !AtEnd(); ++at_) {
      char c = text_[at_];
      if (c == '\n') ++line_;
      if (c == '"') {
        if (at_ + 1 >= text_.size() || text_[at_ + 1] != '"') {
          ++at_;
          return field;
        }
        ++at_;
      }
      field += c;
    }
    return Bad(began, "a quote that is not closed");
  }

  /// Consumes a line break, if one is here.
  bool EndLine() {
    if (AtEnd()) return false;
    size_t length = text_[at_] == '\n' ? 1 : text_[at_] == '\r' ? 2 : 0;
    if (length == 0) return false;
    if (length == 2 && (at_ + 1 >= text_.size() || text_[at_ + 1] != '\n')) length = 1;
    at_ += length;
    ++line_;
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t line_ = 1;
};

}  // namespace

Result<CsvTable> ParseCsv(std::string_view text) {
  if (auto bad = FindInvalidUtf8(text)) {
    return Fail(Code::kInvalidArgument, "the body is not UTF-8 text: byte " + std::to_string(*bad));
  }
  if (StartsWith(text, kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  CsvTable table;
  Reader reader(text);
  bool have_header = false;
  while (!reader.AtEnd()) {
    size_t line = reader.line();
    QUERN_ASSIGN(std::vector<std::string> fields, reader.Record());
    if (fields.empty()) continue;
    if (!have_header) {
      have_header = true;
      table.header = std::move(fields);
      continue;
    }
    if (fields.size() != table.header.size()) {
      return Bad(line, std::to_string(fields.size()) + " fields, the header has " +
                           std::to_string(table.header.size()));
    }
    table.lines.push_back(line);
    table.rows.push_back(std::move(fields));
  }
  if (!have_header) return Fail(Code::kInvalidArgument, "CSV without a header line");
  for (size_t i = 0; i < table.header.size(); ++i) {
    if (std::find(table.header.begin(), table.header.begin() + static_cast<long>(i),
                  table.header[i]) != table.header.begin() + static_cast<long>(i)) {
      return Bad(1, "column '" + table.header[i] + "' stands there twice");
    }
  }
  return table;
}

}  // namespace quern::server
