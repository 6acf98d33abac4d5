#pragma once
// A project: quern.yaml read, typed and checked. Everything that can be wrong without looking at
// the data is an error here, with its place and a remedy.
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fs.h"
#include "base/result.h"
#include "base/yaml.h"
#include "data/expectation.h"
#include "data/source.h"
#include "deploy/strategy.h"
#include "design/charter.h"
#include "ml/spec.h"
#include "monitoring/acceptance.h"
#include "monitoring/drift.h"
#include "monitoring/trigger.h"
#include "net/server_url.h"
#include "registry/policy.h"
#include "signing/trust.h"
#include "training/spec.h"

namespace quern::pipeline {

struct TargetSpec {
  std::string name = "target";
  std::string expression;  // over the source's columns
  std::string task;        // "" = inferred from the labels
  std::string positive;    // "" = inferred
  Position where;          // of the expression
};

struct DataSpec {
  std::vector<data::SourceSpec> sources;
  std::vector<std::string> train;  // names of the sources that training reads
  TargetSpec target;
  data::ColumnDecls columns;
  std::vector<std::string> ignore;  // never features
  std::string key;                  // "" = row number
  std::string time;
  std::string group;
  std::vector<data::Expectation> expectations;

  const data::SourceSpec* Find(const std::string& source) const;
};

/// Preparation as declared; which raw columns there are is known after ingestion.
struct FeatureSpec {
  std::vector<ml::DerivedColumn> derived;
  std::vector<Position> derived_where;
  ml::NumericPrep numeric;
  ml::CategoricalPrep categorical;
  std::map<std::string, ml::NumericPrep> numeric_of;
  std::map<std::string, ml::CategoricalPrep> categorical_of;
  ml::Selection select;
};

struct MonitoringSpec {
  std::vector<std::string> stream;  // sources that arrive later, in order
  monitoring::DriftOptions drift;
};

struct RetrainingSpec {
  bool declared = false;
  monitoring::TriggerSpec trigger;
  std::vector<std::string> data;  // combined, new_only
  monitoring::AcceptRule accept;
  double holdout = 0.3;  // share of the new labelled rows that candidates do not see
  bool tune = false;
};

struct DeploymentSpec {
  deploy::Strategy rollout;  // how a version takes over from the one in service
  /// Whether packages hold a sample of training rows, which explanations compare with.
  bool explanations = true;
};

/// What a model server keeps of its predictions: `deployment: log:`.
struct PredictionLogSpec {
  double share = 1;                  // of the requests
  std::vector<std::string> columns;  // empty: all
  std::vector<std::string> hashed;   // of which only a keyed hash is kept
  double retention_seconds = 0;      // 0: for ever
};

/// Where runs and versions are kept.
struct TrackingSpec {
  std::optional<net::ServerUrl> server;  // none: in the project's own state folder
  Position where;                        // of the server
  /// Whether runs keep what of the project's folder differs from its commit.
  bool git_diff = true;
};

/// What `registry:` asks for before an alias of the project's model moves, by alias.
using PolicySpec = std::map<std::string, registry::AliasPolicy>;

/// `registry: signatures:`, whose signatures of packages count, and whether others are let in.
struct SignatureSpec {
  bool require = false;
  signing::Trust trust;
};

struct Project {
  std::string name;
  std::string dir;   // the folder of quern.yaml
  std::string file;  // quern.yaml as it was named
  YamlNode root;     // resolved: includes merged, --set applied
  design::Charter charter;
  DataSpec data;
  FeatureSpec features;
  training::TrainingSpec training;
  training::EvaluationSpec evaluation;
  DeploymentSpec deployment;
  MonitoringSpec monitoring;
  RetrainingSpec retraining;
  TrackingSpec tracking;
  SignatureSpec signatures;
  PolicySpec policies;

  /// The state folder, DIR/.quern.
  std::string StateDir() const { return JoinPath(dir, ".quern"); }
  std::string Path(const std::string& relative) const { return JoinPath(dir, relative); }
};

/// Reads `path`, a folder holding quern.yaml or the file itself. `sets`: ("training.seed", "9"),
/// applied before anything is typed. Errors: kNotFound without a project file, kInvalidArgument at
/// the position.
Result<Project> LoadProject(const std::string& path,
                            const std::vector<std::pair<std::string, std::string>>& sets, Fs& fs);

/// Name and tracking alone, of a folder that holds quern.yaml; nothing if it holds none. What is
/// wrong elsewhere in the file is no obstacle.
struct TrackedProject {
  std::string name;
  TrackingSpec tracking;
};
Result<std::optional<TrackedProject>> LoadTracking(const std::string& folder, Fs& fs);

/// Name, policies and trusted keys alone, likewise; what stands in them and in the charter's key
/// metrics must be right.
struct GatedProject {
  std::string name;
  SignatureSpec signatures;
  PolicySpec policies;
};
Result<std::optional<GatedProject>> LoadPolicies(const std::string& folder, Fs& fs);

/// Where the policies of a project's aliases are declared: its `registry:`, or where that belongs.
struct PolicyPlace {
  std::string project;
  std::string where;  // "/home/ada/heart/quern.yaml:14:1"
};
/// Of a folder that may hold quern.yaml. What is wrong elsewhere in the file is no obstacle.
Result<std::optional<PolicyPlace>> FindPolicies(const std::string& folder, Fs& fs);

/// `deployment: log:` alone, of a folder that may hold quern.yaml. What is wrong elsewhere in the
/// file is no obstacle.
Result<PredictionLogSpec> LoadPredictionLog(const std::string& folder, Fs& fs);

/// Every metric that the charter names can be measured on this task; kInvalidArgument at the goal.
/// LoadProject() has done it if `data.target.task` is declared.
Status CheckGoals(const design::Charter& charter, ml::Task task);

/// The document with its `include:` files merged in; a key that two files have is an error, so is a
/// cycle.
Result<YamlNode> LoadDocument(const std::string& file, Fs& fs);
/// Sets `training.seed` to a YAML value; makes maps on the way.
Status SetValue(YamlNode& root, const std::string& path, const std::string& value);

/// Every leaf below `section` as ("training.seed", "7"), in file order; `except` names leave out
/// keys of the section.
std::vector<std::pair<std::string, std::string>> Leaves(
    const YamlNode& root, const std::string& section, const std::vector<std::string>& except = {});

// Parsers of the sections, in their own files.
Result<DataSpec> ParseData(const YamlNode* node);
Result<FeatureSpec> ParseFeatures(const YamlNode* node);
Result<training::TrainingSpec> ParseTraining(const YamlNode* node, const std::string& task);
Result<training::EvaluationSpec> ParseEvaluation(const YamlNode* node);
Result<MonitoringSpec> ParseMonitoring(const YamlNode* node);
Result<RetrainingSpec> ParseRetraining(const YamlNode* node);
/// With a strategy that a run can carry out: basic, canary or blue_green. `log:` and `targets:` are
/// checked.
Result<DeploymentSpec> ParseDeployment(const YamlNode* node);
Result<PredictionLogSpec> ParsePredictionLog(const YamlNode* node);
Result<TrackingSpec> ParseTracking(const YamlNode* node);
/// `signatures:` of the section `registry`; its keys are files below `folder`.
Result<SignatureSpec> ParseSignatures(const YamlNode* registry, const std::string& folder, Fs& fs);
/// `key_metrics` are the charter's, which `key_metrics: true` stands for; `signed: true` stands for
/// a signature by one of the trusted keys.
Result<PolicySpec> ParsePolicies(const YamlNode* node, const std::vector<design::Goal>& key_metrics,
                                 const signing::Trust& trust);

}  // namespace quern::pipeline
