#include "exchange/version_copier.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "base/digest.h"
#include "exchange/moving_fixture.h"
#include "registry/names.h"

namespace quern::exchange {

using Kind = CopyOutcome::Kind;

TEST_CASE("a copy has the package's bytes and what is said of the version, and one record") {
  Place here("ada"), there("ben");
  const auto version = here.Add("heart", 1);
  here.Sign(version);
  REQUIRE(here.registry.SetAlias("heart", "champion", 1, "better"));
  const MovingVersion moving = here.Depart("heart@champion");
  const auto copied = there.Take(moving, "cardio");
  REQUIRE_MESSAGE(copied, (copied ? "" : copied.error().ToString()));
  CHECK(copied->kind == Kind::kAdded);

  const registry::ModelVersion copy = *there.registry.Resolve("cardio/1");
  CHECK(copy.digest == version.digest);
  CHECK(copy.aliases.empty());
  CHECK(copy.description == "for the pilot");
  CHECK(there.registry.Model("cardio").value()->description == "who needs it");
  CHECK(copy.user_id == "ben");
  CHECK(copy.run_id.empty());  // that run is not here
  CHECK(copy.tags.at("stage of trial") == "päd. \"2\"");
  CHECK(copy.tags.at(registry::kCopiedFromTag) == "heart/1");
  CHECK(copy.tags.at(registry::kCopiedRegistryTag) == "host:/a");
  CHECK(copy.tags.at(registry::kCopiedRunTag) == "run7");
  CHECK_FALSE(copy.tags.contains("quern.alias.champion"));
  CHECK(registry::SignatureOf(copy) == moving.signature);

  auto files = *FilesOfPackage(here.FolderOf(version), RealFs());
  for (const std::string& file : files) {
    CHECK(*Sha256File(JoinPath(here.FolderOf(version), file)) ==
          *Sha256File(JoinPath(there.FolderOf(copy), file)));
  }
  CHECK(*RealFs().Read(JoinPath(there.FolderOf(copy), signing::kSignatureFile)) ==
        moving.signature);
  const auto log = there.registry.Log("cardio");
  REQUIRE(log->size() == 2);
  CHECK(log->at(1).change == "version");
  CHECK(log->at(1).actor == "ben");
  CHECK(log->at(1).reason == "copied from heart/1 of host:/a");
}

TEST_CASE("copied again, nothing is added; a signature that came later is") {
  Place here, there;
  const auto version = here.Add("heart", 1);
  REQUIRE(there.Take(here.Depart("heart"), "heart"));
  const size_t records = there.registry.Log("heart")->size();
  const auto again = there.Take(here.Depart("heart"), "heart");
  REQUIRE(again);
  CHECK(again->kind == Kind::kThere);
  CHECK(again->version.version == 1);
  CHECK(again->copied_from == "heart/1 of host:/a");
  CHECK(there.registry.Log("heart")->size() == records);

  here.Sign(version);
  const auto signed_now = there.Take(here.Depart("heart"), "heart");
  REQUIRE(signed_now);
  CHECK(signed_now->kind == Kind::kSigned);
  CHECK_FALSE(registry::SignatureOf(*there.registry.Resolve("heart/1")).empty());
  CHECK(there.Take(here.Depart("heart"), "heart")->kind == Kind::kThere);
  CHECK(there.registry.List("heart")->size() == 1);
  // In its own registry it is the original.
  CHECK(here.Take(here.Depart("heart"), "heart")->copied_from.empty());
  // Below another name it is a version of that, of the same package.
  CHECK(there.Take(here.Depart("heart"), "other")->kind == Kind::kAdded);
}

TEST_CASE("versions of a model follow each other, whatever their numbers were") {
  Place here, there;
  here.Add("heart", 1);
  here.Add("heart", 2);
  there.Add("heart", 3);
  CHECK(there.Take(here.Depart("heart/2"), "heart")->version.version == 2);
  CHECK(there.Take(here.Depart("heart/1"), "heart")->version.version == 3);
}

TEST_CASE("a name that is a prompt's, or none, takes no version") {
  Place here, there;
  here.Add("heart", 1);
  const MovingVersion moving = here.Depart("heart");
  there.AddPrompt("greeting");
  const auto refused = there.Take(moving, "greeting");
  CHECK(refused.error().code == Code::kAlreadyExists);
  CHECK(refused.error().message == "'greeting' of host:/b is a prompt");
  CHECK(there.Take(moving, "a/b").error().code == Code::kInvalidArgument);
  CHECK(there.registry.Model("a/b").value() == std::nullopt);
}

TEST_CASE("what was changed does not depart, and does not arrive") {
  Place here, there;
  const auto version = here.Add("heart", 1);
  const MovingVersion moving = here.Depart("heart");
  const std::string graph = JoinPath(here.FolderOf(version), "model.onnx");
  const std::string bytes = *RealFs().Read(graph);
  REQUIRE(RealFs().WriteAtomic(graph, bytes + " "));
  CHECK(Depart(version, here.FolderOf(version), "host:/a", "", RealFs()).error().code ==
        Code::kDataLoss);
  CHECK(there.Take(moving, "heart").error().code == Code::kDataLoss);
  CHECK(there.registry.List("heart")->empty());
  CHECK(RealFs().List(there.dir.File("artifacts/models"))->empty());

  REQUIRE(RealFs().WriteAtomic(graph, bytes));
  std::filesystem::create_symlink("/etc/passwd", here.FolderOf(version) + "/extra");
  const auto linked = Depart(version, here.FolderOf(version), "host:/a", "", RealFs());
  CHECK(linked.error().code == Code::kFailedPrecondition);
  CHECK(linked.error().message.find("extra") != std::string::npos);
}

TEST_CASE("a disk that fails leaves nothing behind, and the next copy is whole") {
  Place here, there;
  here.Add("heart", 1);
  const MovingVersion moving = here.Depart("heart");
  int fail_at = 1;
  for (;; ++fail_at) {
    FaultyFs faulty(RealFs(), fail_at);
    const auto copied =
        CopyVersion(moving, there.Target(), "heart", faulty, there.clock, NoProgress());
    if (copied) break;
    REQUIRE(copied.error().code == Code::kResourceExhausted);
    CHECK(there.registry.List("heart")->empty());
    CHECK_FALSE(RealFs().Exists(there.dir.File(registry::PackagePath(moving.digest))));
  }
  CHECK(fail_at > 10);
  CHECK(
      model::ReadPackage(there.dir.File(registry::PackagePath(moving.digest)), RealFs())->digest ==
      moving.digest);
}

}  // namespace quern::exchange
