#pragma once
// Inside of data/ only: CSV records with their place. DuckDB's reader is not used for text files
// because its reject table counts rows instead of lines after a blank or a multi-line row, lets one
// quote that is never closed swallow the rest of the file, and does not say where an accepted row
// stood, so that a value that turns out not to be a number could not be placed.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace quern::data {

/// One record of RFC 4180: fields between delimiters, in double quotes where they hold delimiters,
/// line ends or quotes (doubled). Blanks around a quoted field are dropped; a quote inside of an
/// unquoted field is an ordinary character.
struct CsvRecord {
  int64_t line = 0;  // from 1, of its first character
  std::vector<std::string> fields;
  std::string_view raw;  // without the line end; valid until the next record
  /// Why the record cannot be taken apart, or "".
  std::string problem;
};

/// Splits text into records. A record with a quoting problem ends at its first line end, so that
/// the rest of the file is still read. Lines end with \n, \r\n or \r; blank lines are skipped
/// unless records have one field. Not thread-safe.
class CsvReader {
 public:
  /// `read` appends the next block of text and returns false at the end.
  using Block = std::function<Result<bool>(std::string&)>;
  CsvReader(Block read, char delimiter, bool check_utf8);

  /// False at the end. `record` is overwritten; give the same one again to save allocations.
  Result<bool> Next(CsvRecord& record);
  void KeepBlankLines(bool keep) { keep_blank_lines_ = keep; }

 private:
  enum class Scan { kComplete, kNeedMore, kBadQuote };
  Scan ScanRecord(CsvRecord& record, size_t& end);
  Scan ScanQuoted(std::string& field, size_t& at, CsvRecord& record);
  Result<bool> Fill();
  void Finish(CsvRecord& record, size_t end);
  /// Past the line end after start_, reading on if need be.
  Result<size_t> FirstLineEnd();

  Block read_;
  char delimiter_;
  bool check_utf8_;
  bool keep_blank_lines_ = false;
  std::string buffer_;
  size_t start_ = 0;  // of the next record in buffer_
  bool at_end_ = false;
  int64_t line_ = 1;
};

/// How a file is written, found out from its beginning.
struct CsvDialect {
  char delimiter = ',';
  /// Fields of most records.
  size_t fields = 0;
  bool header = false;
  CsvRecord first;
};
struct CsvHints {
  std::string delimiter;             // "" to find out
  std::vector<std::string> names;    // given names, which a header may repeat
  std::vector<std::string> missing;  // texts that no header holds
  char decimal = '.';
};
/// `sample`: the first block of a file; its last record is left out if `whole` is false. No record
/// at all gives `fields` 0.
CsvDialect DetectDialect(const std::string& sample, bool whole, const CsvHints& hints);

/// Valid UTF-8, at most `limit` bytes: what is invalid becomes U+FFFD.
std::string PrintableText(std::string_view raw, size_t limit);

}  // namespace quern::data
