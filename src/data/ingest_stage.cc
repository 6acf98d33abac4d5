#include "data/ingest_stage.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "data/source_csv.h"
#include "data/source_text.h"

namespace quern::data {
namespace {

constexpr size_t kBatch = 20480;
constexpr size_t kRawLimit = 4096;

const std::vector<std::string>& MissingOf(const SourceSpec& spec) {
  return spec.missing ? *spec.missing : DefaultMissing();
}

/// Names are compared without case, as the table engine does.
Status CheckNames(const SourceSpec& spec, const std::vector<std::string>& names, int line) {
  std::map<std::string, size_t> seen;
  for (size_t i = 0; i < names.size(); ++i) {
    const auto [at, fresh] = seen.emplace(ToLower(names[i]), i);
    if (fresh) continue;
    const bool exact = names[at->second] == names[i];
    const Position where = spec.names.empty() ? Position{spec.path, line, 0} : spec.where;
    return Fail(Code::kInvalidArgument,
                "duplicate column '" + names[i] + "': columns " + std::to_string(at->second + 1) +
                    " and " + std::to_string(i + 1) + " of '" + spec.path + "'" +
                    (exact ? "" : " differ by case alone"),
                spec.names.empty() ? "rename one, or give names: in the project file"
                                   : "every name in names: must be different",
                where);
  }
  return {};
}

Status CheckNameCount(const SourceSpec& spec, size_t fields) {
  if (spec.names.empty() || spec.names.size() == fields) return {};
  return Fail(Code::kInvalidArgument,
              "names: lists " + std::to_string(spec.names.size()) + " names, but the rows of '" +
                  spec.path + "' have " + std::to_string(fields) + " fields",
              spec.names.size() < fields ? "add the missing names" : "remove the names too many",
              spec.where);
}

/// A CSV file opened, its dialect known, and its reader before the first record.
struct OpenCsv {
  std::unique_ptr<TextReader> text;
  std::unique_ptr<CsvReader> reader;
  CsvDialect dialect;
};

std::unique_ptr<CsvReader> MakeReader(TextReader& text, std::string sample, char delimiter) {
  return std::make_unique<CsvReader>(
      [&text, sample = std::move(sample), first = true](std::string& out) mutable -> Result<bool> {
        if (!first) return text.Read(out);
        first = false;
        out += sample;
        sample.clear();
        return true;
      },
      delimiter, text.is_utf8());
}

Result<OpenCsv> OpenWithDialect(const SourceSpec& spec) {
  OpenCsv csv;
  QUERN_ASSIGN(csv.text, TextReader::Open(spec));
  std::string sample;
  std::string second;
  QUERN_TRY(csv.text->Read(sample));
  QUERN_ASSIGN(const bool more, csv.text->Read(second));
  CsvHints hints{spec.delimiter, spec.names, MissingOf(spec), spec.decimal.front()};
  csv.dialect = DetectDialect(sample, !more, hints);
  if (spec.header) csv.dialect.header = *spec.header;
  csv.reader = MakeReader(*csv.text, sample + second, csv.dialect.delimiter);
  return csv;
}

Result<std::vector<std::string>> NamesOf(const SourceSpec& spec, const CsvDialect& dialect) {
  const CsvRecord& first = dialect.first;
  if (dialect.fields == 0) {
    return Fail(Code::kInvalidArgument, "'" + spec.path + "' has no rows",
                "fetch or export it again", Position{spec.path, 0, 0});
  }
  QUERN_TRY(CheckNameCount(spec, spec.names.empty() ? 0 : dialect.fields));
  if (!spec.names.empty()) return spec.names;
  std::vector<std::string> names;
  if (dialect.header) {
    for (const std::string& cell : first.fields) names.emplace_back(Trim(cell));
    for (const std::string& name : names) {
      if (!FindInvalidUtf8(name)) continue;
      return Fail(Code::kInvalidArgument, "the header of '" + spec.path + "' is not UTF-8",
                  "set encoding: latin1 or utf-16", Position{spec.path, 1, 0});
    }
  } else {
    names.resize(dialect.fields);
  }
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) names[i] = "column_" + std::to_string(i + 1);
  }
  return names;
}

/// Collects records and appends them to `raw` in batches.
class Stager {
 public:
  Stager(const SourceSpec& spec, Staged& staged, Progress& progress)
      : spec_(spec),
        staged_(staged),
        progress_(progress),
        missing_(MissingOf(spec).begin(), MissingOf(spec).end()) {
    batch_.columns.push_back({"_record", false, {}, {}});
    batch_.columns.push_back({"_line", false, {}, {}});
    for (size_t i = 0; i < staged.names.size(); ++i) {
      batch_.columns.push_back({StageColumn(i), true, {}, {}});
    }
  }

  Status Begin() { return staged_.session->Register("raw", batch_); }

  Status Add(const CsvRecord& record) {
    const int64_t order = staged_.records++;
    std::string problem = record.problem;
    if (problem.empty() && record.fields.size() != staged_.names.size()) {
      problem = std::to_string(record.fields.size()) +
                (record.fields.size() == 1 ? " field" : " fields") + " instead of " +
                std::to_string(staged_.names.size());
    }
    if (!problem.empty()) {
      staged_.rejects[order] = {spec_.path, record.line, "", PrintableText(record.raw, kRawLimit),
                                std::move(problem)};
      return {};
    }
    batch_.columns[0].numbers.push_back(static_cast<double>(order));
    batch_.columns[1].numbers.push_back(static_cast<double>(record.line));
    for (size_t i = 0; i < record.fields.size(); ++i) {
      const std::string_view value = Trim(record.fields[i]);
      batch_.columns[i + 2].texts.emplace_back(missing_.contains(value) ? std::string_view()
                                                                        : value);
    }
    return batch_.rows() >= kBatch ? Flush() : Status();
  }

  Status Flush() {
    QUERN_TRY(staged_.session->Append("raw", batch_));
    for (Column& column : batch_.columns) {
      column.numbers.clear();
      column.texts.clear();
    }
    progress_.Update(static_cast<size_t>(staged_.records), 0, "row");
    return {};
  }

 private:
  const SourceSpec& spec_;
  Staged& staged_;
  Progress& progress_;
  std::set<std::string, std::less<>> missing_;
  Frame batch_;
};

Result<Staged> StageCsv(const SourceSpec& spec, Progress& progress) {
  Staged staged;
  QUERN_ASSIGN(staged.session, table::Session::Open());
  QUERN_ASSIGN(OpenCsv csv, OpenWithDialect(spec));
  QUERN_ASSIGN(staged.names, NamesOf(spec, csv.dialect));
  QUERN_TRY(CheckNames(spec, staged.names, 1));
  staged.encoding = csv.text->encoding();
  staged.delimiter = csv.dialect.delimiter;
  staged.skip_first = csv.dialect.header;
  csv.reader->KeepBlankLines(staged.names.size() == 1);
  Stager stager(spec, staged, progress);
  QUERN_TRY(stager.Begin());
  CsvRecord record;
  bool header = staged.skip_first;
  for (;;) {
    QUERN_ASSIGN(const bool any, csv.reader->Next(record));
    if (!any) break;
    if (!header) QUERN_TRY(stager.Add(record));
    header = false;
  }
  QUERN_TRY(stager.Flush());
  return staged;
}

std::string SqlList(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + table::QuoteText(text);
  return out;
}

/// A Parquet column as trimmed text, NULL if missing.
std::string ParquetText(const SourceSpec& spec, const table::ColumnInfo& column) {
  const std::string name = table::QuoteName(column.name);
  if (column.type == "DOUBLE" || column.type == "FLOAT") {
    return "CASE WHEN NOT isnan(" + name + ") THEN " + name + "::VARCHAR END";
  }
  std::string text = "trim(" + name + "::VARCHAR, E' \\t\\r\\n')";
  std::vector<std::string> missing = MissingOf(spec);
  missing.emplace_back();
  return "CASE WHEN " + text + " NOT IN (" + SqlList(missing) + ") THEN " + text + " END";
}

Result<Staged> StageParquet(const SourceSpec& spec) {
  Staged staged;
  QUERN_ASSIGN(staged.session, table::Session::Open());
  const std::string file = table::QuoteText(spec.File());
  auto columns = staged.session->Describe("FROM read_parquet(" + file + ")");
  if (!columns) {
    return Fail(columns.error().code, "cannot read '" + spec.path + "' as Parquet",
                columns.error().message, Position{spec.path, 0, 0});
  }
  QUERN_TRY(CheckNameCount(spec, columns->size()));
  std::string select = "file_row_number::DOUBLE AS _record, file_row_number + 1e0 AS _line";
  for (size_t i = 0; i < columns->size(); ++i) {
    staged.names.push_back(spec.names.empty() ? (*columns)[i].name : spec.names[i]);
    select += ", " + ParquetText(spec, (*columns)[i]) + " AS " + StageColumn(i);
  }
  QUERN_TRY(CheckNames(spec, staged.names, 0));
  const Status made =
      staged.session->Execute("CREATE TABLE raw AS SELECT " + select + " FROM read_parquet(" +
                              file + ", file_row_number = true)");
  if (!made) {
    return Fail(made.error().code, "cannot read '" + spec.path + "' as Parquet",
                made.error().message, Position{spec.path, 0, 0});
  }
  QUERN_ASSIGN(const table::Rows count, staged.session->Query("SELECT count(*) FROM raw"));
  staged.records = static_cast<int64_t>(table::ToNumber(count.rows.at(0).at(0)));
  return staged;
}

}  // namespace

std::string StageColumn(size_t index) { return "c" + std::to_string(index); }

Result<Staged> Stage(const SourceSpec& spec, Fs& fs, Progress& progress) {
  QUERN_TRY(CheckFile(spec, fs));
  QUERN_ASSIGN(Staged staged,
               spec.kind == SourceKind::kCsv ? StageCsv(spec, progress) : StageParquet(spec));
  if (staged.records > 0) return staged;
  return Fail(Code::kInvalidArgument, "'" + spec.path + "' has names of columns but no rows",
              "fetch or export it again", Position{spec.path, 0, 0});
}

Result<std::map<int64_t, std::string>> ReadRawRecords(const SourceSpec& spec, const Staged& staged,
                                                      const std::vector<int64_t>& records) {
  std::map<int64_t, std::string> out;
  if (records.empty()) return out;
  const std::set<int64_t> wanted(records.begin(), records.end());
  QUERN_ASSIGN(const std::unique_ptr<TextReader> text, TextReader::Open(spec));
  const auto reader = MakeReader(*text, "", staged.delimiter);
  reader->KeepBlankLines(staged.names.size() == 1);
  CsvRecord record;
  for (int64_t order = staged.skip_first ? -1 : 0; out.size() < wanted.size(); ++order) {
    QUERN_ASSIGN(const bool any, reader->Next(record));
    if (!any) break;
    if (wanted.contains(order)) out[order] = PrintableText(record.raw, kRawLimit);
  }
  return out;
}

}  // namespace quern::data
