#include "data/source_csv.h"

#include <algorithm>

#include "base/text.h"

namespace quern::data {
namespace {

/// A longer record is one whose quote was never closed.
constexpr size_t kMaxRecord = size_t{1} << 20;
constexpr std::string_view kReplacement = "\xef\xbf\xbd";

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

/// Next field to fill, reusing strings of the record before.
std::string& Field(CsvRecord& record, size_t index) {
  if (index == record.fields.size()) record.fields.emplace_back();
  record.fields[index].clear();
  return record.fields[index];
}

}  // namespace

CsvReader::CsvReader(Block read, char delimiter, bool check_utf8)
    : read_(std::move(read)), delimiter_(delimiter), check_utf8_(check_utf8) {}

Result<bool> CsvReader::Fill() {
  buffer_.erase(0, start_);
  start_ = 0;
  QUERN_ASSIGN(const bool more, read_(buffer_));
  at_end_ = !more;
  return more;
}

Result<bool> CsvReader::Next(CsvRecord& record) {
  for (;;) {
    size_t end = start_;
    const Scan scan = start_ < buffer_.size() ? ScanRecord(record, end) : Scan::kNeedMore;
    if (scan == Scan::kNeedMore && !at_end_) {
      QUERN_TRY(Fill());
      continue;
    }
    if (start_ >= buffer_.size()) return false;
    if (scan == Scan::kBadQuote) {
      QUERN_ASSIGN(end, FirstLineEnd());
    } else {
      record.problem.clear();
    }
    Finish(record, end);
    const bool blank = record.fields.size() == 1 && Trim(record.raw).empty();
    if (blank && record.problem.empty() && !keep_blank_lines_) continue;
    return true;
  }
}

Result<size_t> CsvReader::FirstLineEnd() {
  for (;;) {
    const size_t found = buffer_.find_first_of("\r\n", start_);
    // A \r at the very end of the buffer may be half of \r\n.
    const bool whole =
        found < buffer_.size() && (buffer_[found] == '\n' || found + 1 < buffer_.size());
    if (!whole && !at_end_) {
      QUERN_TRY(Fill());
      continue;
    }
    if (found == std::string::npos) return buffer_.size();
    return found + (buffer_.compare(found, 2, "\r\n") == 0 ? 2 : 1);
  }
}

/// Sets place and raw text of the record in [start_, end) and moves on.
void CsvReader::Finish(CsvRecord& record, size_t end) {
  std::string_view raw = std::string_view(buffer_).substr(start_, end - start_);
  record.line = line_;
  for (size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '\n' || (raw[i] == '\r' && (i + 1 == raw.size() || raw[i + 1] != '\n'))) ++line_;
  }
  if (!raw.empty() && raw.back() == '\n') raw.remove_suffix(1);
  if (!raw.empty() && raw.back() == '\r') raw.remove_suffix(1);
  record.raw = raw;
  start_ = end;
  if (!record.problem.empty()) return;
  if (const auto bad = check_utf8_ ? FindInvalidUtf8(raw) : std::nullopt) {
    record.problem = "byte " + std::to_string(*bad + 1) + " of the row is not UTF-8";
  } else if (raw.find('\0') != std::string_view::npos) {
    record.problem = "the row holds a zero byte";
  }
}

CsvReader::Scan CsvReader::ScanRecord(CsvRecord& record, size_t& end) {
  size_t at = start_;
  for (size_t index = 0;; ++index) {
    std::string& field = Field(record, index);
    size_t first = at;
    while (first < buffer_.size() && IsBlank(buffer_[first]) && buffer_[first] != delimiter_)
      ++first;
    if (first == buffer_.size() && !at_end_) return Scan::kNeedMore;
    if (first < buffer_.size() && buffer_[first] == '"') {
      at = first;
      const Scan quoted = ScanQuoted(field, at, record);
      if (quoted != Scan::kComplete) return quoted;
    } else {
      first = at;
      while (at < buffer_.size() && buffer_[at] != delimiter_ && buffer_[at] != '\n' &&
             buffer_[at] != '\r') {
        ++at;
      }
      field.assign(buffer_, first, at - first);
    }
    if (at == buffer_.size() && !at_end_) return Scan::kNeedMore;
    if (at < buffer_.size() && buffer_[at] == delimiter_) {
      ++at;
      continue;
    }
    record.fields.resize(index + 1);
    break;
  }
  if (at < buffer_.size() && buffer_[at] == '\r') {
    if (at + 1 == buffer_.size() && !at_end_) return Scan::kNeedMore;
    if (at + 1 < buffer_.size() && buffer_[at + 1] == '\n') ++at;
  }
  end = std::min(at + 1, buffer_.size());
  return Scan::kComplete;
}

CsvReader::Scan CsvReader::ScanQuoted(std::string& field, size_t& at, CsvRecord& record) {
  ++at;
  for (;;) {
    const size_t quote = buffer_.find('"', at);
    if (quote == std::string::npos) {
      if (!at_end_ && buffer_.size() - start_ < kMaxRecord) return Scan::kNeedMore;
      record.problem = "a quote is never closed";
      return Scan::kBadQuote;
    }
    field.append(buffer_, at, quote - at);
    at = quote + 1;
    if (at == buffer_.size() && !at_end_) return Scan::kNeedMore;
    if (at < buffer_.size() && buffer_[at] == '"') {
      field += '"';
      ++at;
      continue;
    }
    while (at < buffer_.size() && IsBlank(buffer_[at]) && buffer_[at] != delimiter_) ++at;
    if (at == buffer_.size() && !at_end_) return Scan::kNeedMore;
    if (at == buffer_.size() || buffer_[at] == delimiter_ || buffer_[at] == '\n' ||
        buffer_[at] == '\r') {
      return Scan::kComplete;
    }
    record.problem = "text follows a closing quote";
    return Scan::kBadQuote;
  }
}

namespace {

constexpr size_t kSampleRecords = 50;

std::vector<CsvRecord> SampleRecords(const std::string& sample, bool whole, char delimiter) {
  bool given = false;
  const auto read = [&](std::string& out) -> Result<bool> {
    if (given) return false;
    given = true;
    out += sample;
    return true;
  };
  CsvReader reader(read, delimiter, false);
  std::vector<CsvRecord> records;
  CsvRecord record;
  while (records.size() < kSampleRecords && *reader.Next(record)) {
    records.push_back(record);
    records.back().raw = {};
  }
  if (!whole && records.size() > 1 && records.size() < kSampleRecords) records.pop_back();
  return records;
}

/// The most frequent number of fields (the larger one of two), and how many records have it.
std::pair<size_t, size_t> CommonFields(const std::vector<CsvRecord>& records) {
  std::pair<size_t, size_t> best{0, 0};
  for (const CsvRecord& candidate : records) {
    const size_t fields = candidate.fields.size();
    const auto same = static_cast<size_t>(
        std::count_if(records.begin(), records.end(), [&](const CsvRecord& record) {
          return record.problem.empty() && record.fields.size() == fields;
        }));
    if (same > best.second || (same == best.second && fields > best.first)) best = {fields, same};
  }
  return best;
}

bool IsNumber(std::string text, char decimal) {
  if (decimal == ',') std::replace(text.begin(), text.end(), ',', '.');
  return ParseDouble(text).has_value();
}

/// A first line of names: no numbers or missing markers in it, and numbers below it, or, where the
/// table is all text, the given names or no names given.
bool LooksLikeHeader(const std::vector<CsvRecord>& records, const CsvHints& hints) {
  const std::vector<std::string>& first = records.front().fields;
  size_t repeated = 0;
  for (size_t i = 0; i < first.size(); ++i) {
    const std::string cell(Trim(first[i]));
    if (IsNumber(cell, hints.decimal)) return false;
    if (!cell.empty() && std::count(hints.missing.begin(), hints.missing.end(), cell) > 0)
      return false;
    if (i < hints.names.size() && ToLower(cell) == ToLower(hints.names[i])) ++repeated;
  }
  if (!hints.names.empty() && 2 * repeated >= first.size()) return true;
  for (size_t r = 1; r < records.size(); ++r) {
    for (size_t i = 0; i < std::min(first.size(), records[r].fields.size()); ++i) {
      if (!Trim(first[i]).empty() && IsNumber(records[r].fields[i], hints.decimal)) return true;
    }
  }
  return hints.names.empty();
}

}  // namespace

CsvDialect DetectDialect(const std::string& sample, bool whole, const CsvHints& hints) {
  const std::string candidates = hints.delimiter.empty() ? ",;\t|" : hints.delimiter;
  CsvDialect best;
  std::vector<CsvRecord> best_records;
  double best_score = -1;
  for (const char delimiter : candidates) {
    if (hints.delimiter.empty() && delimiter == hints.decimal) continue;
    std::vector<CsvRecord> records = SampleRecords(sample, whole, delimiter);
    if (records.empty()) continue;
    const auto [fields, same] = CommonFields(records);
    const double score =
        fields < 2 ? 0 : static_cast<double>(same) / static_cast<double>(records.size());
    if (score <= best_score) continue;
    best_score = score;
    best.delimiter = delimiter;
    best.fields = fields;
    best_records = std::move(records);
  }
  if (best_records.empty()) return best;
  best.header = LooksLikeHeader(best_records, hints);
  best.first = best_records.front();
  return best;
}

std::string PrintableText(std::string_view raw, size_t limit) {
  std::string out;
  while (!raw.empty() && out.size() < limit) {
    const size_t bad = FindInvalidUtf8(raw).value_or(raw.size());
    out += raw.substr(0, bad);
    raw.remove_prefix(bad);
    if (raw.empty()) break;
    out += kReplacement;
    raw.remove_prefix(1);
  }
  if (out.size() <= limit) return out;
  size_t cut = limit;
  while (cut > 0 && (static_cast<unsigned char>(out[cut]) & 0xC0) == 0x80) --cut;
  return out.substr(0, cut) + "…";
}

}  // namespace quern::data
