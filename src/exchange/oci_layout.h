#pragma once
// Inside of exchange/ only: a folder in OCI image layout, or a .tar of one, file by file. Nothing
// of it is believed.
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "exchange/tar_file.h"

namespace quern::exchange {

/// What a descriptor says of a blob.
struct OciBlob {
  std::string media_type;
  std::string digest;  // 64 hexadecimal digits
  uint64_t size = 0;
};

/// One thread. Errors name the layout and its file.
class OciLayout {
 public:
  /// kNotFound for a path where nothing is, kInvalidArgument for what is neither, with a remedy.
  static Result<OciLayout> Open(const std::string& path);

  const std::string& path() const { return path_; }
  /// "index.json". kNotFound without it, kInvalidArgument for a link or one that is larger than
  /// JSON of a layout may be, or that is no JSON.
  Result<json::value> ReadFile(const std::string& name) const;
  /// A blob that is JSON, its size and digest checked. `what` says in messages what it is.
  Result<json::value> ReadJsonBlob(const OciBlob& blob, const std::string& what) const;
  /// Writes a blob to a new file. kDataLoss if its size or its digest is another.
  Status CopyBlob(const OciBlob& blob, const std::string& what, const std::string& to) const;

 private:
  struct Part {
    std::string file;
    TarEntry bytes;
  };
  explicit OciLayout(std::string path) : path_(std::move(path)) {}
  Result<Part> Find(const std::string& name) const;
  Result<Part> FindBlob(const OciBlob& blob, const std::string& what) const;
  Status Each(const Part& part, const std::function<Status(std::string_view)>& sink) const;
  Result<std::string> ReadAll(const Part& part) const;

  std::string path_;
  bool is_folder_ = false;
  std::map<std::string, TarEntry> entries_;  // of an archive
};

/// Reads a descriptor. kInvalidArgument, with `what` it is of, for one without a media type, a size
/// or a SHA-256 digest.
Result<OciBlob> ReadDescriptor(const json::value& value, const std::string& what);

}  // namespace quern::exchange
