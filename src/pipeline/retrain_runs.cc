#include "pipeline/retrain_runs.h"

#include <algorithm>
#include <boost/json.hpp>

#include "pipeline/packages.h"

namespace quern::pipeline {
namespace {

tracking::MetricPoint Measured(const std::string& name, double value) {
  tracking::MetricPoint point;
  point.key = name;
  point.value = value;
  return point;
}

/// What it learned from, how it did, and whether that was enough.
tracking::RunDraft DraftOf(const CandidateTrial& candidate, const std::string& metric) {
  const json::value record(*candidate.record);
  tracking::RunDraft draft;
  draft.name = TextOf(record, "name");
  draft.start_ms = candidate.start_ms;
  draft.end_ms = candidate.end_ms;
  draft.params["data"] = TextOf(record, "data");
  draft.params["rows"] = std::to_string(record.at("rows").to_number<int64_t>());
  draft.tags["quern.reason"] = TextOf(record, "reason");
  if (record.at("p_value").is_null()) {  // it never came to a comparison
    draft.status = tracking::RunStatus::kFailed;
    return draft;
  }
  draft.metrics = {Measured(metric, NumberOf(record.at("value").at("value"))),
                   Measured("difference", NumberOf(record.at("difference").at("value"))),
                   Measured("p_value", NumberOf(record.at("p_value")))};
  return draft;
}

}  // namespace

ml::LearnerSpec ChampionLearner(const json::value& trained) {
  ml::LearnerSpec learner;
  for (const json::value& model : trained.at("models").as_array()) {
    if (model.at("name") != trained.at("selected")) continue;
    learner.kind = TextOf(model, "kind");
    for (const auto& [name, value] : model.at("params").as_object()) {
      if (value.is_bool()) {
        learner.params[std::string(name)] = value.as_bool();
      } else if (value.is_string()) {
        learner.params[std::string(name)] = std::string(value.as_string());
      } else {
        learner.params[std::string(name)] = value.to_number<double>();
      }
    }
  }
  return learner;
}

Result<std::vector<std::string>> NoteCandidates(World& world, const StepContext& context,
                                                const std::string& batch,
                                                const training::TrainingSpec& spec,
                                                const std::vector<CandidateTrial>& candidates) {
  std::vector<std::string> sources;
  for (const CandidateTrial& candidate : candidates) {
    for (const std::string& source : candidate.sources) {
      if (std::find(sources.begin(), sources.end(), source) == sources.end()) {
        sources.push_back(source);
      }
    }
  }
  tracking::RunFamily family;
  family.key = context.key();
  family.place = world.workspace.place();
  family.parent.name = "retrain after " + batch;
  family.parent.tags = TagsOf(world, context, sources);
  family.parent.datasets = DatasetsOf(world, context, sources);
  family.parent.start_ms = candidates.front().start_ms;
  family.parent.end_ms = candidates.back().end_ms;
  const ml::LearnerSpec learner = ChampionLearner(context.Output("train").record);
  for (const CandidateTrial& candidate : candidates) {
    tracking::RunDraft draft = DraftOf(candidate, spec.metric);
    draft.params["seed"] = std::to_string(spec.seed);
    if (!world.project.retraining.tune) {
      draft.params["model"] = learner.kind;
      for (const auto& [name, value] : learner.params)
        draft.params[name] = training::ParamText(value);
    }
    draft.tags.insert(family.parent.tags.begin(), family.parent.tags.end());
    family.trials.push_back(std::move(draft));
  }
  family.parent.tags["quern.pipeline_run"] = context.pipeline_run_id();
  NoteCode(world, family);
  QUERN_ASSIGN(tracking::FamilyIds ids, world.workspace.runs().Record(world.project.name, family));
  return std::move(ids.trials);
}

}  // namespace quern::pipeline
