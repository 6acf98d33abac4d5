#include "cli/plain_file.h"

#include "base/progress.h"
#include "table/session.h"

namespace quern::cli {

std::string PlainFile::TableSql() const {
  return "read_parquet(" + table::QuoteText(result.snapshot) + ")";
}

Result<PlainFile> OpenPlainFile(const std::string& path, Fs& fs, const data::ColumnDecls& like) {
  PlainFile file;
  file.folder = std::make_unique<TempDir>();
  QUERN_ASSIGN(file.result, data::Ingest(data::SourceOfFile(path), like, file.folder->path(), fs, NoProgress()));
  return file;
}

}  // namespace quern::cli
