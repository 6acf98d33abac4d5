#include "registry/signature.h"

#include "base/fs.h"
#include "registry/package_registry.h"
#include "signing/bundle.h"
#include "signing/trust.h"

namespace quern::registry {

std::string SignatureOf(const ModelVersion& version) {
  const auto tag = version.tags.find(kSignatureTag);
  return tag == version.tags.end() ? std::string() : tag->second;
}

std::string SignerOf(const std::string& bundle) {
  if (bundle.empty()) return {};
  const auto read = signing::ReadBundle(bundle, "the registry");
  return read ? signing::ShortKey(read->hint) : "unreadable";
}

Status AddSignature(const ModelVersion& version, const AliasPolicy& policy,
                    std::vector<GateItem>& items) {
  if (policy.signers.empty()) return {};
  const std::string which = version.name + "/" + std::to_string(version.version);
  const std::string remedy =
      "who holds a trusted key signs it: `quern models sign " + which + " --key PRIVATE.pem`";
  const std::string bundle = SignatureOf(version);
  if (bundle.empty()) {
    items.push_back(
        {"signature", "", design::GateStatus::kPending, "its package is not signed", remedy});
    return {};
  }
  QUERN_ASSIGN(const auto trust, signing::Trust::FromPems(policy.signers));
  const auto opened = trust.Open(bundle, "the registry");
  if (!opened) {
    items.push_back({"signature", "", design::GateStatus::kFail, opened.error().message, remedy});
    return {};
  }
  const std::string key = signing::ShortKey(opened->key);
  // A package's folder is named by its digest, and what is signed by its folder: a signature of
  // another version's package shows by that.
  const std::string folder = BaseName(PackagePath(version.digest));
  if (version.digest.empty() || opened->statement.subject != folder) {
    items.push_back({"signature", key, design::GateStatus::kFail,
                     "the key " + key + " has signed another package, '" +
                         opened->statement.subject + "', not '" + folder + "'",
                     remedy});
    return {};
  }
  items.push_back({"signature", key, design::GateStatus::kPass,
                   "its package is signed with the key " + key, ""});
  return {};
}

}  // namespace quern::registry
