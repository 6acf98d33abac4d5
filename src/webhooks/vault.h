#pragma once
// Secrets at rest: sealed with a key that is not in the database.
#include <string>

#include "base/fs.h"
#include "base/mutex.h"
#include "base/result.h"

namespace quern::webhooks {

/// Thread-safe. The key is the one given, or that of the file `folder`/webhook.key, which is made,
/// readable by its owner alone, when the first secret is stored.
class Vault {
 public:
  Vault(std::string key, Fs& fs, std::string folder)
      : key_(std::move(key)), fs_(fs), folder_(std::move(folder)) {}

  /// Text for the database; "" stays "". `about` names what the secret belongs to.
  Result<std::string> Hide(const std::string& secret, const std::string& about);
  /// kDataLoss if it was hidden with another key.
  Result<std::string> Show(const std::string& hidden, const std::string& about);

 private:
  Result<std::string> Key(bool make);
  Mutex mutex_;
  std::string key_ QUERN_GUARDED_BY(mutex_);
  Fs& fs_;
  std::string folder_;
};

}  // namespace quern::webhooks
