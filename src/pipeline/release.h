#pragma once
// Bringing a registered version to life: served by the server process, tested, measured, noted.
#include <optional>
#include <string>
#include <vector>

#include "pipeline/model_client.h"
#include "pipeline/packages.h"
#include "pipeline/steps.h"

namespace quern::pipeline {

inline constexpr const char* kChampionAlias = "champion";
inline constexpr const char* kChallengerAlias = "challenger";

/// Of a gate that is closed: what is missing and who must do what.
std::string WaitsFor(const registry::GateReport& gate);

struct Deployment {
  json::value record;  // records.md "deploy"
  std::vector<std::string> failures;
  std::string message;
};

/// A registered version that is to be in service.
struct Takeover {
  Champion next;
  std::optional<Champion> stable;  // in service now
  const Frame* tested = nullptr;   // rows whose answers are compared with those offline
  const Frame* traffic = nullptr;  // rows that both versions answer in the release
};

/// Starts the server with the next version, compares what it answers with the package scored in
/// this process, measures latency, judges the charter's serving requirements. If all holds and
/// another version is in service, the next one takes over from it by the project's strategy
/// (rollout.h), which moves the champion's alias.
Result<Deployment> Deploy(World& world, StepContext& context, const Takeover& takeover);

/// Lineage ids.
std::string VersionId(const std::string& name, int64_t version);
std::string DeploymentId(const Champion& champion);

}  // namespace quern::pipeline
