#include "data/ingest.h"

#include <algorithm>
#include <bit>
#include <boost/json.hpp>
#include <cmath>

#include "base/digest.h"
#include "base/text.h"
#include "data/ingest_stage.h"
#include "data/ingest_types.h"
#include "table/files.h"

namespace quern::data {
namespace {

constexpr size_t kShownRejects = 20;

Status CheckNamed(const SourceSpec& spec, const Staged& staged, const char* key,
                  const std::string& column) {
  if (column.empty() || std::count(staged.names.begin(), staged.names.end(), column) > 0) return {};
  return Fail(Code::kInvalidArgument,
              std::string(key) + ": '" + spec.path + "' has no column '" + column + "'",
              SuggestName(column, staged.names), spec.where);
}

/// Adds the rows in which a value does not fit its column to the rejects; returns the SQL condition
/// of the rows that stay.
Result<std::string> RejectMisfits(const SourceSpec& spec, Staged& staged,
                                  const std::vector<TypedColumn>& columns) {
  std::string first;
  std::string value;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].bad.empty()) continue;
    first += " WHEN " + columns[i].bad + " THEN " + std::to_string(i);
    value += " WHEN " + std::to_string(i) + " THEN " + StageColumn(i);
  }
  if (first.empty()) return std::string("true");
  QUERN_ASSIGN(const table::Rows rows,
               staged.session->Query("SELECT _record::BIGINT, _line::BIGINT, bad, CASE bad" +
                                     value + " END FROM (SELECT *, CASE" + first +
                                     " END AS bad FROM raw) WHERE bad IS NOT NULL"));
  if (rows.rows.empty()) return std::string("true");
  std::vector<int64_t> records;
  for (const auto& row : rows.rows) records.push_back(std::get<int64_t>(row[0]));
  std::map<int64_t, std::string> raw;
  if (spec.kind == SourceKind::kCsv) {
    QUERN_ASSIGN(raw, ReadRawRecords(spec, staged, records));
  }
  for (const auto& row : rows.rows) {
    const ColumnDecl& decl = columns[static_cast<size_t>(table::ToNumber(row[2]))].decl;
    const int64_t record = std::get<int64_t>(row[0]);
    const std::string text = table::ToText(row[3]);
    staged.rejects[record] = {spec.path, std::get<int64_t>(row[1]), decl.name,
                              spec.kind == SourceKind::kCsv ? raw[record] : text,
                              Misfit(decl, text)};
  }
  return "(CASE" + first + " END) IS NULL";
}

Status CheckRejects(const SourceSpec& spec, const Staged& staged) {
  const auto rejected = static_cast<int64_t>(staged.rejects.size());
  const int64_t limit = spec.max_rejects.value_or(std::max<int64_t>(10, staged.records / 100));
  const bool none_left = rejected == staged.records;
  if (rejected == 0 || (!none_left && (limit < 0 || rejected <= limit))) return {};
  std::string hint;
  bool encoding = false;
  size_t shown = 0;
  for (const auto& [record, reject] : staged.rejects) {
    if (shown++ == 3) break;
    encoding = encoding || reject.reason.find("UTF-8") != std::string::npos;
    hint += "line " + std::to_string(reject.line) +
            (reject.column.empty() ? "" : ", column '" + reject.column + "'") + ": " +
            reject.reason + "; ";
  }
  hint += encoding    ? "set encoding: latin1 if the file is not UTF-8"
          : none_left ? "check delimiter:, names: and the declared types"
                      : "mend the file, declare other types, or raise max_rejects:";
  const Reject& first = staged.rejects.begin()->second;
  return Fail(Code::kInvalidArgument,
              std::to_string(rejected) + " of " + std::to_string(staged.records) + " rows of '" +
                  spec.path + "' are malformed" +
                  (none_left ? "" : ", " + std::to_string(limit) + " are allowed"),
              std::move(hint), Position{spec.path, static_cast<int>(first.line), 0});
}

/// Digest of names, types and values, row by row; missing, number and text are told apart by a tag
/// byte.
class TableDigest {
 public:
  explicit TableDigest(const ColumnDecls& columns) {
    for (const ColumnDecl& column : columns) {
      digest_.Add(column.name).Add(ColumnTypeName(column.type)).Add(column.physical);
    }
  }

  void Add(const Frame& piece) {
    for (size_t row = 0; row < piece.rows(); ++row) {
      for (const Column& column : piece.columns) AddValue(column, row);
      if (++rows_ % kRowsPerBlock == 0) Flush();
    }
  }

  std::string Finish() {
    Flush();
    return digest_.Add(rows_).Finish();
  }

 private:
  static constexpr uint64_t kRowsPerBlock = 1024;

  void AddInteger(uint64_t value) {
    for (size_t i = 0; i < 8; ++i) block_ += static_cast<char>(value >> (8 * i) & 0xFF);
  }
  void AddValue(const Column& column, size_t row) {
    if (column.Missing(row)) {
      block_ += '\0';
    } else if (column.is_text) {
      block_ += '\2';
      AddInteger(column.texts[row].size());
      block_ += column.texts[row];
    } else {
      block_ += '\1';
      AddInteger(std::bit_cast<uint64_t>(column.numbers[row]));
    }
  }
  void Flush() {
    digest_.Add(block_);
    block_.clear();
  }

  Digester digest_;
  std::string block_;
  uint64_t rows_ = 0;
};

Status WriteRejects(Staged& staged, const std::string& path, Fs& fs) {
  // Left by an earlier try with other types.
  if (staged.rejects.empty()) return fs.Exists(path) ? fs.RemoveAll(path) : Status();
  Frame frame{{{"file", true, {}, {}},
               {"line", false, {}, {}},
               {"column", true, {}, {}},
               {"raw", true, {}, {}},
               {"reason", true, {}, {}}}};
  for (const auto& [record, reject] : staged.rejects) {
    frame.columns[0].texts.push_back(reject.file);
    frame.columns[1].numbers.push_back(static_cast<double>(reject.line));
    frame.columns[2].texts.push_back(reject.column);
    frame.columns[3].texts.push_back(reject.raw);
    frame.columns[4].texts.push_back(reject.reason);
  }
  QUERN_TRY(staged.session->Register("rejects", frame));
  return table::WriteParquet(
      *staged.session, "SELECT file, line::BIGINT AS line, \"column\", raw, reason FROM rejects",
      path, fs);
}

/// Makes the table `typed` of the rows that fit and returns how many there are.
Result<int64_t> MakeTyped(Staged& staged, const std::vector<TypedColumn>& columns,
                          const std::string& keep) {
  std::string select;
  for (const TypedColumn& column : columns) {
    select +=
        (select.empty() ? "" : ", ") + column.value + " AS " + table::QuoteName(column.decl.name);
  }
  QUERN_TRY(staged.session->Execute("CREATE TABLE typed AS SELECT " + select + " FROM raw WHERE " +
                                    keep + "; DROP TABLE raw"));
  QUERN_ASSIGN(const table::Rows count, staged.session->Query("SELECT count(*) FROM typed"));
  return static_cast<int64_t>(table::ToNumber(count.rows.at(0).at(0)));
}

Result<IngestResult> IngestStaged(const SourceSpec& spec, const ColumnDecls& declared,
                                  Staged& staged, const std::string& out_dir, Fs& fs) {
  QUERN_TRY(CheckNamed(spec, staged, "key", spec.key));
  QUERN_TRY(CheckNamed(spec, staged, "time", spec.time));
  QUERN_ASSIGN(const std::vector<TypedColumn> columns, DecideTypes(spec, staged, declared));
  QUERN_ASSIGN(const std::string keep, RejectMisfits(spec, staged, columns));
  QUERN_TRY(CheckRejects(spec, staged));

  IngestResult result;
  result.source = spec.name;
  result.path = spec.path;
  result.format = SourceKindName(spec.kind);
  result.encoding = staged.encoding;
  for (const TypedColumn& column : columns) result.columns.push_back(column.decl);
  for (const ColumnDecl& decl : declared) {
    const bool found = std::count(staged.names.begin(), staged.names.end(), decl.name) > 0;
    if (!found) result.absent.push_back(decl);
  }
  QUERN_ASSIGN(result.rows, MakeTyped(staged, columns, keep));
  TableDigest digest(result.columns);
  QUERN_TRY(staged.session->Scan("FROM typed", [&](const Frame& piece) {
    digest.Add(piece);
    return Status();
  }));
  result.digest = digest.Finish();
  for (const auto& [record, reject] : staged.rejects) result.rejects.push_back(reject);
  result.rejected = static_cast<int64_t>(result.rejects.size());
  result.snapshot = JoinPath(out_dir, "data.parquet");
  QUERN_TRY(WriteRejects(staged, JoinPath(out_dir, "rejects.parquet"), fs));
  QUERN_TRY(table::WriteParquet(*staged.session, "FROM typed", result.snapshot, fs));
  return result;
}

}  // namespace

Result<IngestResult> Ingest(const SourceSpec& spec, const ColumnDecls& columns,
                            const std::string& out_dir, Fs& fs, Progress& progress) {
  QUERN_ASSIGN(Staged staged, Stage(spec, fs, progress));
  auto result = IngestStaged(spec, columns, staged, out_dir, fs);
  if (!result) return Within(std::move(result).error(), "reading source '" + spec.name + "'");
  QUERN_ASSIGN(const FileInfo info, fs.Stat(spec.File()));
  result->bytes = static_cast<int64_t>(info.size);
  QUERN_ASSIGN(result->source_digest, Sha256File(spec.File()));
  return result;
}

Result<ColumnDecls> InferColumns(const SourceSpec& spec, Fs& fs) {
  QUERN_ASSIGN(const Staged staged, Stage(spec, fs, NoProgress()));
  QUERN_ASSIGN(const std::vector<TypedColumn> columns, DecideTypes(spec, staged, {}));
  ColumnDecls decls;
  for (const TypedColumn& column : columns) decls.push_back(column.decl);
  return decls;
}

Status CheckDeclared(const IngestResult& result) {
  if (result.absent.empty()) return {};
  std::vector<std::string> known;
  for (const ColumnDecl& column : result.columns) known.push_back(column.name);
  const ColumnDecl& absent = result.absent.front();
  return Fail(Code::kInvalidArgument,
              "source '" + result.source + "' has no column '" + absent.name + "'",
              SuggestName(absent.name, known), absent.where);
}

json::value IngestRecord(const IngestResult& result) {
  json::array columns;
  for (const ColumnDecl& column : result.columns) {
    columns.push_back(json::object{{"name", column.name},
                                   {"type", ColumnTypeName(column.type)},
                                   {"physical", column.physical}});
  }
  json::array rejects;
  for (const Reject& reject : result.rejects) {
    if (rejects.size() == kShownRejects) break;
    rejects.push_back(
        json::object{{"file", reject.file},
                     {"line", reject.line},
                     {"column", reject.column.empty() ? json::value() : json::value(reject.column)},
                     {"raw", reject.raw},
                     {"reason", reject.reason}});
  }
  return json::object{{"source", result.source},
                      {"path", result.path},
                      {"format", result.format},
                      {"encoding", result.encoding},
                      {"rows", result.rows},
                      {"columns", std::move(columns)},
                      {"rejected", result.rejected},
                      {"rejects", std::move(rejects)},
                      {"digest", result.digest},
                      {"source_digest", result.source_digest},
                      {"snapshot", result.digest.substr(0, 16)},
                      {"bytes", result.bytes}};
}

Result<Frame> ReadSnapshot(const std::string& path, std::span<const std::string> columns,
                           const std::string& where) {
  QUERN_ASSIGN(const auto session, table::Session::Open());
  const std::string from = "FROM read_parquet(" + table::QuoteText(path) + ")";
  std::string select;
  if (!columns.empty()) {
    QUERN_ASSIGN(const auto infos, session->Describe(from));
    std::vector<std::string> known;
    for (const table::ColumnInfo& info : infos) known.push_back(info.name);
    for (const std::string& column : columns) {
      if (std::count(known.begin(), known.end(), column) == 0) {
        return Fail(Code::kInvalidArgument, "'" + path + "' has no column '" + column + "'",
                    SuggestName(column, known));
      }
      select += (select.empty() ? "SELECT " : ", ") + table::QuoteName(column);
    }
  }
  return session->QueryFrame(select + " " + from + (where.empty() ? "" : " WHERE " + where));
}

}  // namespace quern::data
