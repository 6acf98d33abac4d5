// Against the reference implementation: tests/parity/signing_reference.py signed the folders.
#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>

#include "base/base64.h"
#include "base/digest.h"
#include "base/fs.h"
#include "base/json.h"
#include "signing/bundle.h"
#include "signing/trust.h"

namespace quern::signing {
namespace {

const json::object& Reference() {
  static const json::value all = [] {
    const auto text = RealFs().Read(QUERN_SOURCE_DIR "/tests/parity/data/signing.json");
    REQUIRE(text);
    return *ParseJson(*text);
  }();
  return all.get_object();
}

std::string Text(const json::value& value) { return std::string(value.get_string()); }

void Write(const std::string& folder, const std::string& name, std::string_view text) {
  REQUIRE(RealFs().WriteAtomic(JoinPath(folder, name), text));
}

/// The folder that the reference signed.
struct Folder {
  TempDir dir;
  std::string path = dir.File("0123456789abcdef");
  Folder() {
    for (const auto& [name, text] : Reference().at("files").get_object()) {
      Write(path, std::string(name), text.get_string());
    }
  }
};

Trust Trusting(const std::vector<std::string>& pems) {
  auto trust = Trust::FromPems(pems);
  REQUIRE(trust);
  return std::move(*trust);
}

PrivateKey NewKey() {
  auto key = PrivateKey::Make();
  REQUIRE(key);
  return std::move(*key);
}

std::string SignedWith(const PrivateKey& key, const std::string& folder) {
  auto bundle = SignFolder(folder, "0123456789abcdef", key);
  REQUIRE(bundle);
  return std::move(*bundle);
}

std::string MessageOf(const Result<Signed>& result) {
  REQUIRE_FALSE(result);
  return result.error().message;
}

/// The bundle with another statement under the old signature.
std::string WithPayload(const std::string& bundle, std::string_view from, std::string_view to) {
  json::value value = *ParseJson(bundle);
  json::object& envelope = value.get_object().at("dsseEnvelope").get_object();
  std::string payload = *FromBase64(Text(envelope.at("payload")));
  const size_t at = payload.find(from);
  REQUIRE(at != std::string::npos);
  payload.replace(at, from.size(), to);
  envelope["payload"] = ToBase64(payload);
  return WriteJson(value);
}

/// A bundle that a trusted key made over whatever `payload` says.
std::string Claiming(const PrivateKey& key, const std::string& payload) {
  const auto signature = key.Sign(SignedBytes(payload));
  REQUIRE(signature);
  return R"({"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","dsseEnvelope":{"payload":")" +
         ToBase64(payload) +
         R"(","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":")" +
         ToBase64(*signature) + R"("}]}})";
}

}  // namespace

TEST_CASE("what the reference implementation signs is verified, by files and by pieces") {
  const Folder folder;
  for (const json::value& one : Reference().at("cases").get_array()) {
    const json::object& example = one.get_object();
    const std::string bundle = Text(example.at("bundle"));
    CAPTURE(Text(example.at("curve")));
    CAPTURE(Text(example.at("method")));
    const Trust trust = Trusting({Text(example.at("public"))});
    CHECK(trust.keys().front().curve() == Text(example.at("curve")));
    const auto checked = trust.Check(folder.path, bundle, RealFs());
    REQUIRE_MESSAGE(checked, checked.error().ToString());
    CHECK(checked->statement.subject == "0123456789abcdef");
    const json::value parsed = *ParseJson(bundle);
    CHECK(checked->key == Text(parsed.at("verificationMaterial").at("publicKey").at("hint")));
  }
}

TEST_CASE("the manifest is the one that the reference lists") {
  const Folder folder;
  for (const json::value& one : Reference().at("cases").get_array()) {
    const json::value parsed = *ParseJson(Text(one.at("bundle")));
    const std::string payload = *FromBase64(Text(parsed.at("dsseEnvelope").at("payload")));
    const auto statement = ReadStatement(payload);
    REQUIRE(statement);
    const auto found = ListFolder(folder.path, statement->how);
    REQUIRE(found);
    CHECK(Differences(statement->resources, *found).empty());
    CHECK(found->size() == statement->resources.size());
  }
}

TEST_CASE("what is signed here is verified here, and each change of a file is named") {
  const Folder folder;
  const PrivateKey key = NewKey();
  const std::string bundle = SignedWith(key, folder.path);
  const Trust trust = Trusting({key.public_key().pem()});
  const auto checked = trust.Check(folder.path, bundle, RealFs());
  REQUIRE_MESSAGE(checked, checked.error().ToString());
  CHECK(checked->key == Sha256(key.public_key().pem()));
  // Beside the files, where a device finds it.
  Write(folder.path, kSignatureFile, bundle);
  CHECK(trust.Check(folder.path, "", RealFs()));

  Write(folder.path, "model.onnx", "a grapH\n");
  CHECK(MessageOf(trust.Check(folder.path, bundle, RealFs())).contains("model.onnx is altered"));
  Write(folder.path, "model.onnx", "a gra");
  CHECK(MessageOf(trust.Check(folder.path, bundle, RealFs())).contains("model.onnx is altered"));
  REQUIRE(RealFs().RemoveAll(JoinPath(folder.path, "model.onnx")));
  CHECK(MessageOf(trust.Check(folder.path, bundle, RealFs())).contains("model.onnx is missing"));
  Write(folder.path, "model.onnx", "a graph\n");
  Write(folder.path, "sub/extra.py", "");
  const auto extra = trust.Check(folder.path, bundle, RealFs());
  CHECK(MessageOf(extra).contains("sub/extra.py was not signed"));
  CHECK(extra.error().code == Code::kDataLoss);
}

TEST_CASE("a signature that is absent, altered or another's is refused") {
  const Folder folder;
  const PrivateKey key = NewKey();
  const PrivateKey other = NewKey();
  const std::string bundle = SignedWith(key, folder.path);
  const Trust trust = Trusting({key.public_key().pem()});

  const auto absent = trust.Check(folder.path, "", RealFs());
  CHECK(MessageOf(absent).contains("is not signed"));
  CHECK(absent.error().code == Code::kFailedPrecondition);

  const auto foreign = trust.Check(folder.path, SignedWith(other, folder.path), RealFs());
  CHECK(
      MessageOf(foreign).contains("by the key " + other.public_key().fingerprint().substr(0, 12)));
  CHECK(foreign.error().code == Code::kPermissionDenied);

  const auto altered = trust.Check(
      folder.path, WithPayload(bundle, "0123456789abcdef", "1123456789abcdef"), RealFs());
  CHECK(MessageOf(altered).contains("does not hold"));
  CHECK(trust.Check(folder.path, bundle.substr(0, bundle.size() / 2), RealFs()).error().code ==
        Code::kDataLoss);
  CHECK(trust.Check(folder.path, "{}", RealFs()).error().code == Code::kDataLoss);

  // Of two places the one that holds counts.
  Write(folder.path, kSignatureFile, bundle);
  CHECK(trust.Check(folder.path, SignedWith(other, folder.path), RealFs()));
  // A key that names another one's fingerprint gains nothing.
  json::value lie = *ParseJson(SignedWith(other, folder.path));
  lie.at("verificationMaterial").at("publicKey").at("hint") = key.public_key().fingerprint();
  REQUIRE(RealFs().RemoveAll(JoinPath(folder.path, kSignatureFile)));
  CHECK(MessageOf(trust.Check(folder.path, WriteJson(lie), RealFs())).contains("does not hold"));
}

TEST_CASE("a statement that is signed and senseless is refused") {
  const Folder folder;
  const PrivateKey key = NewKey();
  const Trust trust = Trusting({key.public_key().pem()});
  const auto resources = ListFolder(folder.path, {});
  REQUIRE(resources);
  const std::string good = WriteStatement("x", *resources);
  CHECK(trust.Open(Claiming(key, good), "a test"));
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return trust.Open(Claiming(key, text), "a test");
  };
  CHECK(MessageOf(with("signature/v1.0", "signature/v9.0")).contains("predicate"));
  CHECK(MessageOf(with("in-toto.io/Statement/v1", "in-toto.io/Statement/v9")).contains("in-toto"));
  CHECK(MessageOf(with(R"("hash_type":"sha256")", R"("hash_type":"blake3")")).contains("blake3"));
  CHECK(MessageOf(with(R"("method":"files")", R"("method":"layers")")).contains("layers"));
  CHECK(MessageOf(with(R"("method":"files")", R"("method":"shards")")).contains("shard_size"));
  CHECK(MessageOf(with(resources->front().digest, std::string(64, 'a'))).contains("root digest"));
  CHECK(MessageOf(with(resources->front().digest, "xyz")).contains("root digest"));
}

TEST_CASE("links are refused, and git's own files at the top are no part of a model") {
  const Folder folder;
  Write(folder.path, ".git/HEAD", "x");
  Write(folder.path, ".gitignore", "x");
  const auto listed = ListFolder(folder.path, {});
  REQUIRE(listed);
  CHECK(listed->size() == Reference().at("files").get_object().size());
  Write(folder.path, "sub/.gitignore", "x");
  CHECK(ListFolder(folder.path, {})->size() == listed->size() + 1);
  std::filesystem::create_symlink("model.onnx", folder.path + "/link");
  CHECK(ListFolder(folder.path, {}).error().message.contains("'link'"));
  CHECK(ListFolder(folder.path, {.ignored = {}, .allow_symlinks = true})->size() ==
        listed->size() + 2);
  TempDir empty;
  CHECK(ListFolder(empty.path(), {}).error().code == Code::kInvalidArgument);
  CHECK(ListFolder(empty.File("absent"), {}).error().code == Code::kNotFound);
}

TEST_CASE("a name that is no UTF-8 cannot be signed") {
  const Folder folder;
  std::ofstream(folder.path + "/\xff.bin") << "x";
  CHECK(ListFolder(folder.path, {}).error().message.contains("UTF-8"));
}

TEST_CASE("keys: what is none is refused by name, with what to do") {
  const PrivateKey key = NewKey();
  const auto pem = key.Pem();
  REQUIRE(pem);
  const auto again = PrivateKey::Parse(*pem, "", "key.pem");
  REQUIRE(again);
  CHECK(again->public_key().fingerprint() == key.public_key().fingerprint());
  CHECK(PublicKey::Parse(*pem, "key.pem").error().message.contains("is a private key"));
  CHECK(PublicKey::Parse("hello", "key.pem").error().message.contains("'key.pem'"));
  CHECK(PrivateKey::Parse(key.public_key().pem(), "", "key.pem").error().code ==
        Code::kInvalidArgument);
  // openssl genpkey -algorithm ed25519 | openssl pkey -pubout
  const auto edwards = PublicKey::Parse(
      "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
      "-----END PUBLIC KEY-----\n",
      "ed.pem");
  REQUIRE_FALSE(edwards);
  CHECK(edwards.error().message.contains("ED25519"));
}

}  // namespace quern::signing
