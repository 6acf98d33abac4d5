#pragma once
// Inside of data/ only: a source file as a table of texts in a session.
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/fs.h"
#include "base/progress.h"
#include "base/result.h"
#include "data/ingest.h"
#include "data/source.h"
#include "table/session.h"

namespace quern::data {

/// A table `raw` of the columns _record (order in the file, rejected ones counted too), _line (from
/// 1) and c0, c1, …: trimmed texts, NULL for what is missing.
struct Staged {
  std::unique_ptr<table::Session> session;
  std::vector<std::string> names;  // of c0, c1, …
  std::string encoding;            // "" for Parquet
  char delimiter = ',';            // CSV only
  bool skip_first = false;         // CSV only: the first record is a header
  int64_t records = 0;             // rejected ones too, the header not
  /// Records that could not be taken apart, by their order.
  std::map<int64_t, Reject> rejects;
};

/// Reads the whole file. Errors as Ingest() has them for files, encodings and names.
Result<Staged> Stage(const SourceSpec& spec, Fs& fs, Progress& progress);

/// The raw texts of CSV records by their order, for rejects that were found later; a second
/// reading.
Result<std::map<int64_t, std::string>> ReadRawRecords(const SourceSpec& spec, const Staged& staged,
                                                      const std::vector<int64_t>& records);

/// "c7".
std::string StageColumn(size_t index);

}  // namespace quern::data
