#pragma once
// The keys that somebody trusts, and what they say of a folder.
#include <string>
#include <string_view>
#include <vector>

#include "base/fs.h"
#include "base/result.h"
#include "signing/key.h"
#include "signing/statement.h"

namespace quern::signing {

/// A signature that holds.
struct Signed {
  std::string key;  // fingerprint
  Statement statement;
};

/// Immutable; thread-safe.
class Trust {
 public:
  /// Nobody is trusted, and everything is let in.
  Trust() = default;
  /// A key a file, public keys or certificates. Errors of reading and of PublicKey::Parse.
  static Result<Trust> FromFiles(const std::vector<std::string>& paths, Fs& fs);
  /// The same of PEM texts.
  static Result<Trust> FromPems(const std::vector<std::string>& pems);

  bool empty() const { return keys_.empty(); }
  const std::vector<PublicKey>& keys() const { return keys_; }

  /// That one of the keys made this bundle. kPermissionDenied if none did, kDataLoss for a bundle
  /// that cannot be read; `name` says where it was.
  Result<Signed> Open(std::string_view bundle, const std::string& name) const;

  /// That a folder is what was signed: `kept` is the bundle that a registry keeps with it ("" if
  /// none), else that in the folder's own model.sig. kFailedPrecondition without any, kDataLoss if
  /// files are not what was signed (they are named), errors of Open.
  Result<Signed> Check(const std::string& folder, const std::string& kept, Fs& fs) const;
  /// Check() if anybody is trusted; OK for everything else.
  Status Admit(const std::string& folder, const std::string& kept, Fs& fs) const;

 private:
  std::vector<PublicKey> keys_;
};

/// "63c8600c3255": enough of a fingerprint to tell keys apart.
std::string ShortKey(const std::string& fingerprint);

}  // namespace quern::signing
