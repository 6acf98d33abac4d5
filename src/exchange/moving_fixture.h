#pragma once
// For tests: packages of random pipelines, and registries that they go between.
#include <doctest/doctest.h>

#include <string>

#include "base/fs.h"
#include "base/progress.h"
#include "exchange/moving_version.h"
#include "exchange/version_copier.h"
#include "model/package.h"
#include "registry/names.h"
#include "registry/registry.h"
#include "registry/signature.h"
#include "signing/bundle.h"
#include "signing/manifest.h"
#include "store/open.h"
#include "tests/model/random_pipeline.h"

namespace quern::exchange {

/// A project's folder and registry, with versions of packages that nobody trained.
class Place {
 public:
  explicit Place(std::string actor = "ada")
      : database_(*store::OpenSqlite(store::kInMemory, RealFs())),
        registry(*database_, clock, std::move(actor)) {}

  /// A version of a package that `seed` decides.
  registry::ModelVersion Add(const std::string& name, uint64_t seed) {
    Rng rng(seed);
    const auto pipeline =
        model::testing::RandomPipeline(ml::Task::kBinary, model::testing::ModelKind::kBoosted, rng);
    model::PackageSpec spec;
    spec.pipeline = &pipeline;
    const uint32_t some[] = {0, 1};
    spec.example = model::testing::RandomRows(30, rng).Take(some);
    spec.metrics_json = R"({"roc_auc":{"value":0.9,"low":0.85,"high":0.95}})";
    spec.created_ms = 1795539600000;
    const std::string aside = dir.File("made");
    const auto info = model::WritePackage(spec, aside, RealFs());
    REQUIRE(info);
    const std::string folder = dir.File(registry::PackagePath(info->digest));
    REQUIRE(RealFs().MakeDirs(DirName(folder)));
    REQUIRE(RealFs().MoveInto(aside, folder));
    registry::NewPackage package{name, info->digest, "run7", {}};
    package.tags = {{"quern.metrics", spec.metrics_json},
                    {"quern.alias.champion", "better"},
                    {"stage of trial", "päd. \"2\""}};
    package.description = "for the pilot";
    package.model_description = "who needs the catheter";
    const auto version = registry.Register(package);
    REQUIRE(version);
    return *version;
  }
  void Sign(const registry::ModelVersion& version) {
    const auto key = signing::PrivateKey::Make();
    const auto bundle = signing::SignFolder(FolderOf(version), "m", *key);
    REQUIRE(bundle);
    REQUIRE(registry.KeepSignature(version.name, version.version, *bundle, "signed"));
  }
  /// What clients keep prompts as.
  void AddPrompt(const std::string& name) {
    REQUIRE(database_->Execute(
        "INSERT INTO registered_models(name, description, created_ms, updated_ms) VALUES (?, '', "
        "1, 1)",
        {name}));
    REQUIRE(database_->Execute(
        "INSERT INTO registered_model_tags(name, key, value) VALUES (?, ?, 'true')",
        {name, std::string(registry::kPromptTag)}));
  }
  std::string FolderOf(const registry::ModelVersion& version) const {
    return dir.File(version.path);
  }
  MovingVersion Depart(const std::string& reference) {
    const auto version = registry.Resolve(reference);
    REQUIRE(version);
    auto moving =
        exchange::Depart(*version, FolderOf(*version), "host:/a", "who needs it", RealFs());
    REQUIRE_MESSAGE(moving, (moving ? "" : moving.error().ToString()));
    return std::move(*moving);
  }
  CopyTarget Target() { return {registry, nullptr, dir.path(), "host:/b"}; }
  Result<CopyOutcome> Take(const MovingVersion& moving, const std::string& name) {
    return CopyVersion(moving, Target(), name, RealFs(), clock, NoProgress());
  }

  TempDir dir;
  ManualClock clock{1795539700000};

 private:
  std::unique_ptr<store::Database> database_;

 public:
  registry::Registry registry;
};

}  // namespace quern::exchange
