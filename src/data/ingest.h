#pragma once
// Ingestion: a declared file becomes an immutable, typed Parquet snapshot; rows that do not fit are
// put aside with their place and reason.
#include <boost/json/fwd.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/frame.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/progress.h"
#include "base/result.h"
#include "data/source.h"

namespace quern::data {

/// A row that is not in the snapshot.
struct Reject {
  std::string file;    // the path as declared
  int64_t line = 0;    // from 1, of the row's first line; of a Parquet file the row number
  std::string column;  // the column at fault; "" if the row as a whole is
  std::string raw;     // the row as it stood (invalid UTF-8 as U+FFFD); of a Parquet file the value
  std::string reason;
};

struct IngestResult {
  std::string source;
  std::string path;      // as declared
  std::string format;    // "csv" or "parquet"
  std::string encoding;  // "utf-8", "latin1", "utf-16", with " (gzip)"; "" for Parquet
  int64_t rows = 0;      // in the snapshot
  ColumnDecls columns;   // all of them, in file order, `physical` decided
  /// Declared columns that the file does not have; CheckDeclared() makes them an error.
  ColumnDecls absent;
  int64_t rejected = 0;
  std::vector<Reject> rejects;  // in file order; all of them
  std::string digest;           // of the canonical table: names, types, values in row order
  std::string source_digest;    // SHA-256 of the file
  std::string snapshot;         // path of the snapshot: OUT_DIR/data.parquet
  int64_t bytes = 0;            // size of the source file
};

/// Reads `spec` and writes OUT_DIR/data.parquet, and OUT_DIR/rejects.parquet (file, line, column,
/// raw, reason) if any row was rejected. data.parquet comes last and whole: where it stands, the
/// folder is complete. Columns keep their names and order; values are canonical: trimmed, missing
/// markers as NULL, numbers as DOUBLE (1, 1.0 and 01 are one value), times as TIMESTAMP in UTC.
/// Columns that `columns` does not name are inferred (see InferColumns). Errors, with the place in
/// the file or in quern.yaml: kNotFound for a missing file; kInvalidArgument for an empty file, a
/// file that is not what it says, text in another encoding, duplicate or missing names, no rows,
/// more rejects than allowed.
Result<IngestResult> Ingest(const SourceSpec& spec, const ColumnDecls& columns,
                            const std::string& out_dir, Fs& fs, Progress& progress);

/// The column types that Ingest would take undeclared: number if all values are; time if all are
/// ISO dates or times; boolean if all are true/false or yes/no; category with at most 50 values,
/// and at most half as many as there are rows; else text. A column without any value is a number.
Result<ColumnDecls> InferColumns(const SourceSpec& spec, Fs& fs);

/// kInvalidArgument at the declaration of the first declared column that the file does not have.
Status CheckDeclared(const IngestResult& result);

/// The record "ingest" of docs/format/records.md; `snapshot` there is the head of the digest.
json::value IngestRecord(const IngestResult& result);

/// The named columns (all, if none is named) of a snapshot, in row order. `where` is a condition in
/// SQL, or
/// "". Times come as text. kInvalidArgument for an unknown column.
Result<Frame> ReadSnapshot(const std::string& path, std::span<const std::string> columns,
                           const std::string& where = {});

}  // namespace quern::data
