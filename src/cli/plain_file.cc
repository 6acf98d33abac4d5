#include "cli/plain_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/progress.h"
#include "table/session.h"

namespace quern::cli {
namespace {

/// TempDir takes a usable temporary folder for granted; a user's TMPDIR need not be one.
Status CheckTemporaryFolder() {
  std::error_code error;
  const std::string folder = std::filesystem::temp_directory_path(error).string();
  if (!error && ::access(folder.c_str(), W_OK | X_OK) == 0) return {};
  const std::string reason = error ? error.message() : std::strerror(errno);
  return Fail(Code::kInvalidArgument,
              "cannot write to the temporary folder '" + folder + "': " + reason,
              "let TMPDIR name a folder that you may write to");
}

}  // namespace

std::string PlainFile::TableSql() const {
  return "read_parquet(" + table::QuoteText(result.snapshot) + ")";
}

Result<PlainFile> OpenPlainFile(const std::string& path, Fs& fs, const data::ColumnDecls& like) {
  return OpenPlainFile(data::SourceOfFile(path), fs, like);
}

Result<PlainFile> OpenPlainFile(const data::SourceSpec& source, Fs& fs,
                                const data::ColumnDecls& like) {
  QUERN_TRY(CheckTemporaryFolder());
  PlainFile file;
  file.folder = std::make_unique<TempDir>();
  QUERN_ASSIGN(file.result, data::Ingest(source, like, file.folder->path(), fs, NoProgress()));
  return file;
}

}  // namespace quern::cli
