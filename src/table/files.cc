#include "table/files.h"

#include <unistd.h>

#include <array>
#include <fstream>

#include "base/text.h"

namespace quern::table {
namespace {

/// Row groups are filled by one thread, so that their bounds do not depend on timing.
class OneThread {
 public:
  explicit OneThread(Session& session) : session_(session) {}
  Status Begin() {
    QUERN_ASSIGN(const Rows rows, session_.Query("SELECT current_setting('threads')"));
    before_ = ToText(rows.rows.at(0).at(0));
    return session_.Execute("SET threads = 1");
  }
  ~OneThread() {
    if (!before_.empty()) (void)session_.Execute("SET threads = " + before_);
  }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  Session& session_;
  std::string before_;
};

bool HasParquetMagic(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, 4> head{};
  file.read(head.data(), head.size());
  return file.gcount() == 4 && std::string_view(head.data(), 4) == "PAR1";
}

}  // namespace

Status WriteParquet(Session& session, const std::string& sql, const std::string& path, Fs& fs) {
  QUERN_TRY(fs.MakeDirs(DirName(path)));
  const std::string aside = path + ".tmp-" + std::to_string(::getpid());
  OneThread single(session);
  QUERN_TRY(single.Begin());
  Status written = session.Execute("COPY (" + sql + "\n) TO " + QuoteText(aside) +
                                   " (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)");
  if (written) written = fs.MoveInto(aside, path);
  // The file aside is ours whatever happened; a disk that refuses removals keeps it for `gc`.
  if (!written) (void)RealFs().RemoveAll(aside);
  return written;
}

Result<std::string> ReadTableSql(const std::string& path, Fs& fs) {
  QUERN_ASSIGN(const FileInfo info, fs.Stat(path));
  if (info.is_dir) {
    return Fail(Code::kInvalidArgument, "'" + path + "' is a folder", "name a CSV or Parquet file");
  }
  if (info.size == 0) return Fail(Code::kInvalidArgument, "'" + path + "' is empty");
  const std::string lower = ToLower(path);
  const bool parquet =
      lower.ends_with(".parquet") || lower.ends_with(".pq") || HasParquetMagic(path);
  return (parquet ? "read_parquet(" : "read_csv(") + QuoteText(path) + ")";
}

}  // namespace quern::table
