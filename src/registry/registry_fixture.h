#pragma once
// For tests: a registry on a database of its own, with runs and logged models made up. A test case
// that has one runs on every engine.
#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "base/fs.h"
#include "registry/models.h"
#include "registry/registry.h"
#include "registry/versions.h"
#include "tests/store/engines.h"

namespace quern::registry {

class FakeOrigins : public Origins {
 public:
  Result<LoggedModelOrigin> LoggedModel(const std::string& id) override {
    const auto found = models.find(id);
    if (found != models.end()) return found->second;
    return Fail(Code::kNotFound, "Logged model with ID '" + id + "' not found.");
  }
  Status TagLoggedModel(const std::string& id, const std::string& key,
                        const std::string& value) override {
    models[id].tags[key] = value;
    return {};
  }
  Result<std::string> RunArtifacts(const std::string& run_id) override {
    const auto found = runs.find(run_id);
    if (found != runs.end()) return found->second;
    return Fail(Code::kNotFound, "Run with id=" + run_id + " not found");
  }
  std::string PackageUri(const std::string& path) override {
    return "mlflow-artifacts:/quern/" + path;
  }

  std::map<std::string, LoggedModelOrigin> models;
  std::map<std::string, std::string> runs;
};

class Recorder : public Listener {
 public:
  Status Happened(const Event& event) override {
    if (fail) return Fail(Code::kResourceExhausted, "disk full");
    events.push_back(event);
    return {};
  }
  void Committed() override { ++commits; }

  std::vector<Event> events;
  int commits = 0;
  bool fail = false;
};

class Fixture {
 public:
  RegistryContext Context() {
    return {*database, clock, "ada (unverified)", origins, &listener, nullptr};
  }
  RegisteredModels Models() { return RegisteredModels(Context()); }
  ModelVersions Versions() { return ModelVersions(Context()); }
  Registry Project() { return Registry(*database, clock, "quern run"); }
  Result<ModelVersion> Add(const std::string& name, const std::string& source = "s3://b/m") {
    NewVersion version;
    version.name = name;
    version.source = source;
    return Versions().Create(version);
  }
  void Tick() { clock.Set(clock.NowMs() + 1); }

  TempDir dir;
  ManualClock clock{1000};
  store::TestDatabase database{store::EachEngine()};
  FakeOrigins origins;
  Recorder listener;
};

}  // namespace quern::registry
