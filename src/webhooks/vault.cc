#include "webhooks/vault.h"

#include <filesystem>

#include "base/base64.h"
#include "base/secret.h"
#include "base/text.h"

namespace quern::webhooks {

Result<std::string> Vault::Key(bool make) {
  const MutexLock lock(mutex_);
  if (!key_.empty()) return key_;
  const std::string path = JoinPath(folder_, "webhook.key");
  if (auto text = fs_.Read(path)) {
    auto key = FromBase64(Trim(*text));
    if (!key || key->size() != kSealKeyBytes) {
      return Fail(Code::kDataLoss, "'" + path + "' does not hold the base64 of 32 bytes",
                  "restore it; without it the secrets of webhooks have to be stored anew");
    }
    key_ = std::move(*key);
    return key_;
  } else if (text.error().code != Code::kNotFound || !make) {
    return std::unexpected(text.error());
  }
  QUERN_TRY(fs_.MakeDirs(folder_));
  // The folder is closed before the key is in it.
  std::error_code failed;
  std::filesystem::permissions(folder_, std::filesystem::perms::owner_all, failed);
  if (failed) {
    return Fail(Code::kPermissionDenied,
                "cannot close '" + folder_ + "' to others: " + failed.message(),
                "set MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY instead");
  }
  std::string key = RandomBytes(kSealKeyBytes);
  QUERN_TRY(fs_.WriteAtomic(path, ToBase64(key) + "\n"));
  key_ = std::move(key);
  return key_;
}

Result<std::string> Vault::Hide(const std::string& secret, const std::string& about) {
  if (secret.empty()) return std::string();
  QUERN_ASSIGN(const std::string key, Key(true));
  return ToBase64(Seal(key, secret, about));
}

Result<std::string> Vault::Show(const std::string& hidden, const std::string& about) {
  if (hidden.empty()) return std::string();
  QUERN_ASSIGN(const std::string key, Key(false));
  return Unseal(key, FromBase64(hidden).value_or(""), about);
}

}  // namespace quern::webhooks
