#include "signing/trust.h"

#include <algorithm>

#include "base/text.h"
#include "signing/bundle.h"

namespace quern::signing {
namespace {

/// So many files are named in a message.
constexpr size_t kNamed = 5;

Status Compare(const std::string& folder, const Statement& statement) {
  auto found = ListFolder(folder, statement.how);
  if (!found) return Within(found.error(), "comparing '" + folder + "' with its signature");
  std::vector<std::string> wrong = Differences(statement.resources, *found);
  if (wrong.empty()) return {};
  const size_t all = wrong.size();
  wrong.resize(std::min(all, kNamed));
  std::string message = "'" + folder + "' is not what was signed: " + Join(wrong, ", ");
  if (all > kNamed) message += " and " + std::to_string(all - kNamed) + " more";
  return Fail(Code::kDataLoss, std::move(message),
              "fetch the package anew from where it was signed; if the change is wanted, sign it "
              "again with `quern models sign`");
}

}  // namespace

Result<Trust> Trust::FromFiles(const std::vector<std::string>& paths, Fs& fs) {
  Trust trust;
  for (const std::string& path : paths) {
    QUERN_ASSIGN(const std::string pem, fs.Read(path));
    QUERN_ASSIGN(PublicKey key, PublicKey::Parse(pem, path));
    trust.keys_.push_back(std::move(key));
  }
  return trust;
}

Result<Trust> Trust::FromPems(const std::vector<std::string>& pems) {
  Trust trust;
  for (const std::string& pem : pems) {
    QUERN_ASSIGN(PublicKey key, PublicKey::Parse(pem, "a policy"));
    trust.keys_.push_back(std::move(key));
  }
  return trust;
}

Result<Signed> Trust::Open(std::string_view text, const std::string& name) const {
  QUERN_ASSIGN(const Bundle bundle, ReadBundle(text, name));
  const std::string message = SignedBytes(bundle.payload);
  bool ours = false;
  for (const PublicKey& key : keys_) {
    if (!bundle.hint.empty() && bundle.hint != key.fingerprint()) continue;
    ours = true;
    if (!key.Verifies(message, bundle.signature)) continue;
    QUERN_ASSIGN(Statement statement, ReadStatement(bundle.payload));
    return Signed{key.fingerprint(), std::move(statement)};
  }
  if (ours) {
    return Fail(Code::kPermissionDenied,
                "the signature in " + name +
                    " does not hold: it was altered, or made by another "
                    "key than it should be",
                "fetch it anew, or sign the model again with `quern models sign`");
  }
  std::vector<std::string> trusted;
  for (const PublicKey& key : keys_) trusted.push_back(ShortKey(key.fingerprint()));
  return Fail(Code::kPermissionDenied,
              "the signature in " + name + " is by the key " + ShortKey(bundle.hint) +
                  ", which is not trusted; trusted are " + Join(trusted, ", "),
              "have a trusted key sign it, or add the public key of " + ShortKey(bundle.hint) +
                  " to registry.signatures.keys or --verify-key");
}

Result<Signed> Trust::Check(const std::string& folder, const std::string& kept, Fs& fs) const {
  QUERN_ASSIGN(const FileInfo info, fs.Stat(folder));
  if (!info.is_dir) {
    return Fail(Code::kFailedPrecondition,
                "'" + folder + "' is a file alone, and only folders are signed here",
                "put it into a folder and sign that: `quern models sign FOLDER --key PRIVATE.pem`");
  }
  const std::string path = JoinPath(folder, kSignatureFile);
  std::string beside;
  if (fs.Exists(path)) {
    QUERN_ASSIGN(beside, fs.Read(path));
  }
  if (kept.empty() && beside.empty()) {
    return Fail(Code::kFailedPrecondition,
                "'" + folder + "' is not signed: it has no " + std::string(kSignatureFile),
                "sign it: `quern models sign NAME/VERSION --key PRIVATE.pem`");
  }
  const auto by = [&](const std::string& bundle, const std::string& name) -> Result<Signed> {
    QUERN_ASSIGN(Signed opened, Open(bundle, name));
    QUERN_TRY(Compare(folder, opened.statement));
    return opened;
  };
  if (kept.empty()) return by(beside, "'" + path + "'");
  auto first = by(kept, "the registry");
  if (first || beside.empty() || beside == kept) return first;
  // Another signer's, or a later one's of the same package under another name.
  auto second = by(beside, "'" + path + "'");
  return second ? std::move(second) : std::move(first);
}

Status Trust::Admit(const std::string& folder, const std::string& kept, Fs& fs) const {
  if (!empty()) QUERN_TRY(Check(folder, kept, fs));
  return {};
}

std::string ShortKey(const std::string& fingerprint) {
  return fingerprint.empty() ? "(not named)" : fingerprint.substr(0, 12);
}

}  // namespace quern::signing
