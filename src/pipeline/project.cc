#include "pipeline/project.h"

#include <algorithm>

#include "base/text.h"
#include "design/key_metrics.h"
#include "expr/expr.h"
#include "ml/metrics.h"
#include "model/signature.h"

namespace quern::pipeline {
namespace {

Result<std::string> FindFile(const std::string& path, Fs& fs) {
  auto info = fs.Stat(path);
  if (!info) {
    return Fail(Code::kNotFound, "there is no '" + path + "'",
                "name a folder with a quern.yaml, or make one with `quern init`");
  }
  if (!info->is_dir) return path;
  const std::string file = path == "." ? "quern.yaml" : JoinPath(path, "quern.yaml");
  if (!fs.Exists(file)) {
    return Fail(Code::kNotFound, "there is no quern.yaml in '" + path + "'",
                "make a project with `quern init DIR --data FILE --target EXPRESSION`");
  }
  return file;
}

std::vector<std::string> MetricNames() {
  std::vector<std::string> names;
  for (const ml::MetricInfo& info : ml::Metrics()) names.push_back(info.name);
  return names;
}

Status CheckSourceNames(const std::vector<std::string>& names, const DataSpec& data,
                        const YamlNode* where, const char* what) {
  std::vector<std::string> known;
  for (const auto& source : data.sources) known.push_back(source.name);
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    return FailAt(
        where != nullptr ? where->where : Position{},
        std::string(what) + " names source '" + name + "', which data.sources does not declare",
        SuggestName(name, known));
  }
  return {};
}

/// A gate comes before deployment: what is measured in service is judged there, and would be waited
/// for in vain here.
Status CheckPolicies(const Project& project) {
  for (const design::Requirement& requirement : project.charter.requirements) {
    const bool in_service =
        requirement.require && StartsWith(requirement.require->metric, "serving.");
    for (const auto& [alias, policy] : project.policies) {
      const auto& checks = policy.checks;
      if (!in_service || std::find(checks.begin(), checks.end(), requirement.id) == checks.end()) {
        continue;
      }
      return FailAt(requirement.require->where,
                    "registry." + alias + " asks for the check '" + requirement.id +
                        "', which is measured in service, after the alias has moved",
                    "take it out of checks: a deployment that does not meet it fails anyway");
    }
  }
  return {};
}

/// Names of models in the hypothesis exist, both ends of it.
Status CheckHypothesis(const Project& project) {
  if (!project.charter.hypothesis) return {};
  const design::Hypothesis& hypothesis = *project.charter.hypothesis;
  std::vector<std::string> known;
  for (const auto& model : project.training.models) known.push_back(model.name);
  // Undeclared models follow the task, which the labels may have to tell.
  if (known.empty()) known = {"dummy", "logistic", "linear", "gradient_boosting"};
  for (const std::string& name : {hypothesis.challenger, hypothesis.baseline}) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return FailAt(hypothesis.where,
                    "the hypothesis names model '" + name + "', which training does not fit",
                    SuggestName(name, known));
    }
  }
  return {};
}

/// A split is steered by one column, and time can be cut in one way only.
Status CheckSteering(const Project& project) {
  const YamlNode* data = project.root.Find("data");
  if (project.data.time.empty()) return {};
  if (!project.data.group.empty()) {
    return FailAt(data->Find("group")->where,
                  "data.group '" + project.data.group + "' and data.time '" + project.data.time +
                      "' cannot both split the rows",
                  "declare one of them; ignore: [" + project.data.group +
                      "] keeps the other from being a feature");
  }
  if (project.training.repeats > 1) {
    return FailAt(project.root.Find("training")->Find("cross_validation")->Find("repeats")->where,
                  "repeats is " + std::to_string(project.training.repeats) +
                      ", but rows are split by data.time '" + project.data.time + "'",
                  "time splits are not random: use repeats: 1");
  }
  return {};
}

/// What the charter asks of explanations needs the rows that they compare with.
Status CheckExplained(const Project& project) {
  if (project.deployment.explanations) return {};
  for (const design::Requirement& requirement : project.charter.requirements) {
    if (!requirement.require || requirement.require->metric != "serving.explained") continue;
    return FailAt(requirement.require->where,
                  "serving.explained is required, but deployment.explanations is false",
                  "let deployment.explanations be true, or drop the requirement");
  }
  return {};
}

}  // namespace

const data::SourceSpec* DataSpec::Find(const std::string& source) const {
  for (const data::SourceSpec& spec : sources) {
    if (spec.name == source) return &spec;
  }
  return nullptr;
}

Status CheckGoals(const design::Charter& charter, ml::Task task) {
  const auto check = [&](const std::string& name, const Position& where) -> Status {
    const ml::MetricInfo* metric = ml::FindMetric(name);
    if (metric == nullptr || metric->For(task)) return {};
    return FailAt(
        where, "metric '" + name + "' cannot be measured on a " + model::TaskName(task) + " target",
        "its metrics are " + Join(ml::MetricNames(task), ", "));
  };
  for (const design::Goal& goal : charter.key_metrics) QUERN_TRY(check(goal.metric, goal.where));
  for (const design::Requirement& requirement : charter.requirements) {
    if (requirement.require) {
      QUERN_TRY(check(requirement.require->metric, requirement.require->where));
    }
  }
  if (!charter.hypothesis) return {};
  return check(charter.hypothesis->metric, charter.hypothesis->where);
}

namespace {

/// The files are there; what they hold is for ingestion to say.
Status CheckFiles(const Project& project, Fs& fs) {
  for (data::SourceSpec source : project.data.sources) {
    source.root = project.dir;
    if (fs.Exists(source.File())) continue;
    return Fail(Code::kNotFound,
                "source '" + source.name + "': there is no file '" + source.File() + "'",
                "paths in data.sources are relative to the folder of quern.yaml", source.where);
  }
  return {};
}

Status CheckSources(Project& project) {
  DataSpec& data = project.data;
  const YamlNode* data_node = project.root.Find("data");
  const YamlNode* monitoring_node = project.root.Find("monitoring");
  QUERN_TRY(CheckSourceNames(data.train, data, data_node->Find("train"), "data.train"));
  QUERN_TRY(CheckSourceNames(project.monitoring.stream, data,
                             monitoring_node != nullptr ? monitoring_node->Find("stream") : nullptr,
                             "monitoring.stream"));
  const auto& stream = project.monitoring.stream;
  if (data.train.empty()) {
    // What does not arrive later is there to train on.
    for (const auto& source : data.sources) {
      if (std::find(stream.begin(), stream.end(), source.name) == stream.end()) {
        data.train.push_back(source.name);
      }
    }
  }
  if (data.train.empty()) {
    return FailAt(data_node->where, "no source is left to train on: all are in monitoring.stream");
  }
  for (const std::string& name : data.train) {
    if (std::find(stream.begin(), stream.end(), name) != stream.end()) {
      return FailAt(monitoring_node->Find("stream")->where,
                    "source '" + name + "' is trained on and monitored as new",
                    "take it out of data.train or out of monitoring.stream");
    }
  }
  return {};
}

}  // namespace

Result<std::optional<TrackedProject>> LoadTracking(const std::string& folder, Fs& fs) {
  const std::string file = JoinPath(folder, "quern.yaml");
  if (!fs.Exists(file)) return std::optional<TrackedProject>();
  QUERN_ASSIGN(const YamlNode root, LoadDocument(file, fs));
  TrackedProject project;
  QUERN_ASSIGN(project.tracking, ParseTracking(root.Find("tracking")));
  YamlMap map(&root, "the project");
  QUERN_ASSIGN(project.name, map.RequiredText("project"));
  return std::optional<TrackedProject>(std::move(project));
}

Result<std::optional<GatedProject>> LoadPolicies(const std::string& folder, Fs& fs) {
  const std::string file = JoinPath(folder, "quern.yaml");
  if (!fs.Exists(file)) return std::optional<GatedProject>();
  QUERN_ASSIGN(const YamlNode root, LoadDocument(file, fs));
  GatedProject project;
  YamlMap map(&root, "the project");
  QUERN_ASSIGN(project.name, map.RequiredText("project"));
  const YamlNode* design = map.Get("design");
  QUERN_ASSIGN(const auto goals,
               design::ParseKeyMetrics(design != nullptr ? design->Find("key_metrics") : nullptr,
                                       MetricNames()));
  QUERN_ASSIGN(project.signatures, ParseSignatures(map.Get("registry"), folder, fs));
  QUERN_ASSIGN(project.policies,
               ParsePolicies(map.Get("registry"), goals, project.signatures.trust));
  return std::optional<GatedProject>(std::move(project));
}

Result<std::optional<PolicyPlace>> FindPolicies(const std::string& folder, Fs& fs) {
  const std::string file = JoinPath(folder, "quern.yaml");
  if (!fs.Exists(file)) return std::optional<PolicyPlace>();
  QUERN_ASSIGN(const YamlNode root, LoadDocument(file, fs));
  YamlMap map(&root, "the project");
  PolicyPlace place;
  QUERN_ASSIGN(place.project, map.RequiredText("project"));
  place.where = root.where.ToString();
  for (const YamlEntry& entry : root.entries) {
    if (entry.key == "registry") place.where = entry.where.ToString();
  }
  return std::optional<PolicyPlace>(std::move(place));
}

Result<PredictionLogSpec> LoadPredictionLog(const std::string& folder, Fs& fs) {
  const std::string file = JoinPath(folder, "quern.yaml");
  if (!fs.Exists(file)) return PredictionLogSpec{};
  QUERN_ASSIGN(const YamlNode root, LoadDocument(file, fs));
  const YamlNode* deployment = root.Find("deployment");
  return ParsePredictionLog(deployment != nullptr ? deployment->Find("log") : nullptr);
}

Result<Project> LoadProject(const std::string& path,
                            const std::vector<std::pair<std::string, std::string>>& sets, Fs& fs) {
  Project project;
  QUERN_ASSIGN(project.file, FindFile(path, fs));
  project.dir = DirName(project.file);
  QUERN_ASSIGN(project.root, LoadDocument(project.file, fs));
  for (const auto& [key, value] : sets) QUERN_TRY(SetValue(project.root, key, value));

  YamlMap map(&project.root, "the project");
  QUERN_ASSIGN(project.name, map.RequiredText("project"));
  const YamlNode* data = map.Get("data");
  if (data == nullptr) {
    return FailAt(project.root.where, "the project has no data: section",
                  "`quern init DIR --data FILE --target EXPRESSION` writes one");
  }
  QUERN_ASSIGN(project.data, ParseData(data));
  const std::string& task = project.data.target.task;
  QUERN_ASSIGN(project.features, ParseFeatures(map.Get("features")));
  const YamlNode* training = map.Get("training");
  QUERN_ASSIGN(project.training, ParseTraining(training, task));
  QUERN_ASSIGN(project.evaluation, ParseEvaluation(map.Get("evaluation")));
  QUERN_ASSIGN(project.deployment, ParseDeployment(map.Get("deployment")));
  QUERN_ASSIGN(project.monitoring, ParseMonitoring(map.Get("monitoring")));
  QUERN_ASSIGN(project.retraining, ParseRetraining(map.Get("retraining")));
  QUERN_ASSIGN(project.tracking, ParseTracking(map.Get("tracking")));
  const std::vector<std::string> metrics = MetricNames();
  QUERN_ASSIGN(
      project.charter,
      design::ParseCharter(map.Get("design"),
                           training != nullptr ? training->Find("hypothesis") : nullptr, metrics));
  QUERN_TRY(CheckExplained(project));
  QUERN_ASSIGN(project.signatures, ParseSignatures(map.Get("registry"), project.dir, fs));
  QUERN_ASSIGN(project.policies, ParsePolicies(map.Get("registry"), project.charter.key_metrics,
                                               project.signatures.trust));
  QUERN_TRY(map.Finish());
  QUERN_TRY(CheckSources(project));
  QUERN_TRY(CheckFiles(project, fs));
  QUERN_TRY(CheckPolicies(project));
  QUERN_TRY(CheckHypothesis(project));
  QUERN_TRY(CheckSteering(project));
  if (const auto declared = model::ParseTask(task)) {
    QUERN_TRY(CheckGoals(project.charter, *declared));
  }
  return project;
}

}  // namespace quern::pipeline
