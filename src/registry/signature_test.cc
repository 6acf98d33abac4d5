#include "registry/signature.h"

#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "registry/log.h"
#include "registry/registry_fixture.h"
#include "signing/bundle.h"

namespace quern::registry {
namespace {

constexpr char kDigest[] = "0123456789abcdef0123";

struct Signing : Fixture {
  signing::PrivateKey key = std::move(*signing::PrivateKey::Make());
  Registry registry = Project();
  Signing() {
    REQUIRE(RealFs().WriteAtomic(dir.File("package/model.onnx"), "a graph"));
    REQUIRE(registry.Register({"heart", kDigest, "r1", {}}));
    AliasPolicy policy;
    policy.signers = {key.public_key().pem()};
    REQUIRE(registry.SetPolicies("heart", {{"champion", policy}}));
  }
  /// Keeps a signature of the package under this name.
  void Sign(const signing::PrivateKey& by, const std::string& subject) {
    const auto bundle = signing::SignFolder(dir.File("package"), subject, by);
    REQUIRE(bundle);
    REQUIRE(registry.KeepSignature("heart", 1, *bundle, "for a test"));
  }
  GateItem Item() {
    const auto gate = registry.Gate("heart", "champion", 1);
    REQUIRE(gate);
    REQUIRE(gate->items.size() == 1);
    CHECK(gate->items[0].kind == "signature");
    CHECK(gate->open == (gate->items[0].status == design::GateStatus::kPass));
    return gate->items[0];
  }
};

}  // namespace

TEST_CASE("a gate that asks for a signature opens to a trusted key's alone") {
  Signing f;
  CHECK(f.Item().status == design::GateStatus::kPending);
  CHECK(f.registry.SetAlias("heart", "champion", 1, "now").error().code ==
        Code::kFailedPrecondition);

  const auto other = signing::PrivateKey::Make();
  REQUIRE(other);
  f.Sign(*other, BaseName(PackagePath(kDigest)));
  CHECK(f.Item().status == design::GateStatus::kFail);
  CHECK(f.Item().sentence.contains("not trusted"));

  // A good signature, of another package.
  f.Sign(f.key, "ffffffffffffffff");
  CHECK(f.Item().status == design::GateStatus::kFail);
  CHECK(f.Item().sentence.contains("another package"));

  f.Sign(f.key, BaseName(PackagePath(kDigest)));
  CHECK(f.Item().status == design::GateStatus::kPass);
  CHECK(f.registry.SetAlias("heart", "champion", 1, "now"));
}

TEST_CASE("a signature is kept with the version and noted in the log") {
  Signing f;
  f.Sign(f.key, "x");
  const auto version = f.registry.Get("heart", 1);
  REQUIRE(version);
  const std::string signer = f.key.public_key().fingerprint().substr(0, 12);
  CHECK(SignerOf(SignatureOf(*version)) == signer);
  const auto log = ReadLog(*f.database, "heart");
  REQUIRE(log);
  CHECK(log->back().change == "signature of version 1");
  CHECK(log->back().after == signer);
  CHECK(log->back().reason == "for a test");
  // The same again is no change.
  const size_t entries = log->size();
  REQUIRE(f.registry.KeepSignature("heart", 1, SignatureOf(*version), "again"));
  CHECK(ReadLog(*f.database, "heart")->size() == entries);
  CHECK(f.registry.KeepSignature("heart", 2, "x", "").error().code == Code::kNotFound);
}

TEST_CASE("a policy whose signers are no keys is refused") {
  CHECK(ReadPolicy(*ParseJson(R"({"signers":["hello"]})")).error().code == Code::kInvalidArgument);
  const Signing f;
  AliasPolicy policy;
  policy.signers = {f.key.public_key().pem()};
  const auto again = ReadPolicy(PolicyJson(policy));
  REQUIRE(again);
  CHECK(again->signers == policy.signers);
}

}  // namespace quern::registry
