#pragma once
// One function per kind of step; lifecycle.cc puts them together.
#include <string>
#include <vector>

#include "pipeline/world.h"

namespace quern::pipeline {

/// Joins the key of every step of a kind: raise it when the step's code changes what it produces.
inline constexpr const char* kStepVersion = "4";

Step MakeDesignStep(World& world);
Step MakeIngestStep(World& world, const data::SourceSpec& source);
Step MakeValidateStep(World& world, const std::string& source);
Step MakeExploreStep(World& world, const std::string& source);
Step MakeTrainStep(World& world);
Step MakeEvaluateStep(World& world);
Step MakeRegisterStep(World& world);
Step MakeDeployStep(World& world);
/// `before`: the step that decided which version is champion when the batch arrives.
Step MakeMonitorStep(World& world, const std::string& batch, const std::string& before);
Step MakeRetrainStep(World& world, const std::string& batch, const std::string& before,
                     const std::vector<std::string>& earlier_batches);
Step MakeReportStep(World& world, const Graph& graph);

/// A step with its version in the key.
Step NewStep(const std::string& id, const std::string& phase);

/// Which version serves after a step: {"name", "version", "digest", "package"} from its record's
/// `champion`.
struct Champion {
  std::string name;
  int64_t version = 0;
  std::string digest;
  std::string package;  // folder below .quern
};
Champion ChampionOf(const json::value& record);
Champion ReadChampion(const json::value& champion);
json::value ChampionJson(const Champion& champion);

}  // namespace quern::pipeline
