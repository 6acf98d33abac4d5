// What makes signatures: programs that verify do without.
#include <boost/json.hpp>

#include "base/base64.h"
#include "base/json.h"
#include "signing/bundle.h"
#include "signing/statement.h"

namespace quern::signing {
namespace {

constexpr char kMediaType[] = "application/vnd.dev.sigstore.bundle.v0.3+json";

}  // namespace

std::string WriteStatement(const std::string& subject, const std::vector<Resource>& resources) {
  json::array list;
  for (const Resource& resource : resources) {
    list.push_back(json::object{
        {"name", resource.name}, {"algorithm", "sha256"}, {"digest", resource.digest}});
  }
  json::array paths;
  for (const char* path : kNeverSigned) paths.emplace_back(path);
  return WriteJson(json::object{
      {"_type", kStatementType},
      {"subject",
       json::array{json::object{{"name", subject},
                                {"digest", json::object{{"sha256", RootDigest(resources)}}}}}},
      {"predicateType", kPredicateType},
      {"predicate",
       json::object{{"serialization", json::object{{"method", "files"},
                                                   {"hash_type", "sha256"},
                                                   {"allow_symlinks", false},
                                                   {"ignore_paths", std::move(paths)}}},
                    {"resources", std::move(list)}}}});
}

Result<std::string> SignFolder(const std::string& folder, const std::string& subject,
                               const PrivateKey& key) {
  QUERN_ASSIGN(const auto resources, ListFolder(folder, {}));
  const std::string payload = WriteStatement(subject, resources);
  QUERN_ASSIGN(const std::string signature, key.Sign(SignedBytes(payload)));
  return WriteJson(json::object{
      {"mediaType", kMediaType},
      {"verificationMaterial",
       json::object{{"publicKey", json::object{{"hint", key.public_key().fingerprint()}}},
                    {"tlogEntries", json::array{}}}},
      {"dsseEnvelope",
       json::object{{"payload", ToBase64(payload)},
                    {"payloadType", kPayloadType},
                    {"signatures",
                     json::array{json::object{{"sig", ToBase64(signature)}, {"keyid", ""}}}}}}});
}

}  // namespace quern::signing
