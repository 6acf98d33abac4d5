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
  Reader(std::string_view text, Arena& arena) : text_(text), arena_(arena) {}
  bool AtEnd() const { return at_ >= text_.size(); }
  size_t line() const { return line_; }

  /// Adds the fields of the next record; none for an empty line.
  Status Record(ArenaList<std::string_view>& fields) {
    if (EndLine()) return {};
    for (;;) {
      std::string_view field;
      if (!AtEnd() && text_[at_] == '"') {
        QUERN_TRY(QuotedField(&field));
      } else {
        const size_t end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
        field = text_.substr(at_, end - at_);
        at_ = end;
      }
      fields.Add(field);
      if (AtEnd() || EndLine()) return {};
      if (text_[at_] != ',') return Bad(line_, "text after a closing quote");
      ++at_;
    }
  }

 private:
  Status QuotedField(std::string_view* field) {
    const size_t began = line_;
    const size_t first = ++at_;
    bool doubled = false;
    for (; !AtEnd(); ++at_) {
      const char c = text_[at_];
      if (c == '\n') ++line_;
      if (c != '"') continue;
      if (at_ + 1 >= text_.size() || text_[at_ + 1] != '"') {
        *field = text_.substr(first, at_ - first);
        if (doubled) *field = Undouble(*field);
        ++at_;
        return {};
      }
      doubled = true;
      ++at_;
    }
    return Bad(began, "a quote that is not closed");
  }

  std::string_view Undouble(std::string_view text) {
    std::span<char> out = arena_.Make<char>(text.size());
    size_t size = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      out[size++] = text[i];
      if (text[i] == '"') ++i;
    }
    return {out.data(), size};
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
  Arena& arena_;
  size_t at_ = 0;
  size_t line_ = 1;
};

Status CheckNames(std::span<const std::string_view> header, Arena& arena) {
  std::span<std::string_view> sorted = arena.Make<std::string_view>(header.size());
  std::copy(header.begin(), header.end(), sorted.begin());
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice == sorted.end()) return {};
  return Bad(1, "column '" + std::string(*twice) + "' stands there twice");
}

}  // namespace

Result<CsvCells> ReadCsv(std::string_view text, bool has_header, Arena& arena) {
  if (auto bad = FindInvalidUtf8(text)) {
    return Fail(Code::kInvalidArgument, "the body is not UTF-8 text: byte " + std::to_string(*bad));
  }
  if (StartsWith(text, kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  CsvCells table;
  Reader reader(text, arena);
  ArenaList<std::string_view> header(arena);
  ArenaList<std::string_view> cells(arena);
  ArenaList<size_t> lines(arena);
  while (!reader.AtEnd()) {
    const size_t line = reader.line();
    const bool names = has_header && header.empty();
    ArenaList<std::string_view>& into = names ? header : cells;
    const size_t before = into.size();
    QUERN_TRY(reader.Record(into));
    const size_t fields = into.size() - before;
    if (fields == 0) continue;
    if (table.width == 0) table.width = fields;
    if (fields != table.width) {
      return Bad(line, std::to_string(fields) + " fields, the " +
                           (has_header ? "header" : "first line") + " has " +
                           std::to_string(table.width));
    }
    if (!names) lines.Add(line);
  }
  if (has_header && header.empty()) {
    return Fail(Code::kInvalidArgument, "CSV without a header line");
  }
  QUERN_TRY(CheckNames(header.items(), arena));
  table.header = header.items();
  table.cells = cells.items();
  table.lines = lines.items();
  return table;
}

}  // namespace quern::server
