#pragma once
// Bringing a registered version to life: served by the server process, tested, measured, noted.
#include <string>
#include <vector>

#include "pipeline/model_client.h"
#include "pipeline/packages.h"
#include "pipeline/steps.h"

namespace quern::pipeline {

inline constexpr const char* kChampionAlias = "champion";

struct Deployment {
  json::value record;  // records.md "deploy"
  std::vector<std::string> failures;
  std::string message;
};

/// Starts the server with this version, compares what it answers for `offline_rows` with the
/// package scored in this process, measures latency, judges the charter's serving requirements.
Result<Deployment> Deploy(World& world, const Champion& champion, const Frame& offline_rows);

/// Lineage ids.
std::string VersionId(const std::string& name, int64_t version);
std::string DeploymentId(const Champion& champion);

}  // namespace quern::pipeline
