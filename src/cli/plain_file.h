#pragma once
// A CSV or Parquet file named on the command line, read the way a project would read it.
#include <memory>
#include <string>

#include "base/fs.h"
#include "base/result.h"
#include "data/ingest.h"

namespace quern::cli {

struct PlainFile {
  std::unique_ptr<TempDir> folder;  // holds the typed snapshot while this value lives
  data::IngestResult result;

  /// What may stand after FROM.
  std::string TableSql() const;
  Result<Frame> Read() const { return data::ReadSnapshot(result.snapshot, {}); }
};

/// `like`: columns of another file, so that both are typed alike.
Result<PlainFile> OpenPlainFile(const std::string& path, Fs& fs,
                                const data::ColumnDecls& like = {});

/// The same for a file of which more is known than its path.
Result<PlainFile> OpenPlainFile(const data::SourceSpec& source, Fs& fs,
                                const data::ColumnDecls& like = {});

}  // namespace quern::cli
