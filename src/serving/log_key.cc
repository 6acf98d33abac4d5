#include "serving/log_key.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/base64.h"
#include "base/secret.h"
#include "base/text.h"

namespace quern::serving {
namespace {

constexpr size_t kKeyBytes = 32;

}  // namespace

Result<std::string> PredictionLogKey(Fs& fs, const std::string& state_dir) {
  const std::string folder = JoinPath(state_dir, "keys");
  const std::string path = JoinPath(folder, "prediction_log.key");
  if (const auto text = fs.Read(path)) {
    auto key = FromBase64(Trim(*text));
    if (key && key->size() == kKeyBytes) return std::move(*key);
    return Fail(Code::kDataLoss, "'" + path + "' does not hold the base64 of 32 bytes",
                "restore it; without it, what was hashed before matches nothing that comes");
  } else if (text.error().code != Code::kNotFound) {
    return std::unexpected(text.error());
  }
  QUERN_TRY(fs.MakeDirs(folder));
  // The folder is closed before the key is in it.
  if (::chmod(folder.c_str(), S_IRWXU) != 0) {
    return Fail(Code::kPermissionDenied,
                "cannot close '" + folder + "' to others: " + std::strerror(errno));
  }
  std::string key = RandomBytes(kKeyBytes);
  QUERN_TRY(fs.WriteAtomic(path, ToBase64(key) + "\n"));
  return key;
}

}  // namespace quern::serving
