#pragma once
// Inside of exchange/ only: tar archives of a few plain files, as OCI layouts are: written as
// POSIX.1-1988 (ustar), the same bytes for the same files; read with what GNU tar and pax add.
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/fs.h"
#include "base/result.h"

namespace quern::exchange {

/// Writes entries one after the other: owner 0, mode 0644, time 0.
class TarWriter {
 public:
  explicit TarWriter(FileWriter& out) : out_(out) {}
  /// A file of `size` bytes follows, in as many pieces as it takes. kInvalidArgument for a name of
  /// more than 100 bytes, or 8 GiB and more.
  Status Begin(std::string_view name, uint64_t size);
  Status Append(std::string_view bytes);
  /// After the last file.
  Status End();

 private:
  Status Pad();
  FileWriter& out_;
  uint64_t written_ = 0;  // of the file that was begun
};

/// Where the bytes of a file lie.
struct TarEntry {
  uint64_t offset = 0;
  uint64_t size = 0;
};

/// The plain files of an archive, by name; "./" before a name is left out. One pass over the
/// headers. kDataLoss, naming the entry, for what is cut short or damaged; kInvalidArgument for a
/// name that leaves the archive's folder, a link, a device, or more than `most` entries, and for
/// what is no tar archive.
Result<std::map<std::string, TarEntry>> ListTar(const std::string& path, uint64_t most);

}  // namespace quern::exchange
