#include "pipeline/project.h"

#include <doctest/doctest.h>

#include "base/fs.h"

namespace quern::pipeline {
namespace {

constexpr const char* kMinimal =
    "project: p\n"
    "data:\n"
    "  sources: {a: {csv: a.csv}, b: {csv: b.csv}}\n"
    "  target: {name: y, expr: \"x > 0\"}\n";

struct Folder {
  TempDir dir;
  Folder() {
    for (const char* name : {"a.csv", "b.csv"})
      REQUIRE(RealFs().WriteAtomic(dir.File(name), "x\n1\n"));
  }
  Result<Project> Load(const std::string& text,
                       const std::vector<std::pair<std::string, std::string>>& sets = {}) {
    REQUIRE(RealFs().WriteAtomic(dir.File("quern.yaml"), text));
    return LoadProject(dir.path(), sets, RealFs());
  }
  /// The error without the folder's name.
  std::string Complaint(const std::string& text) {
    const auto project = Load(text);
    REQUIRE_FALSE(project);
    std::string message = project.error().ToString();
    for (size_t at = message.find(dir.path()); at != std::string::npos;
         at = message.find(dir.path())) {
      message.erase(at, dir.path().size() + 1);
    }
    return message;
  }
};

}  // namespace

TEST_CASE("a minimal project has defaults for everything") {
  Folder folder;
  const auto project = folder.Load(kMinimal);
  REQUIRE(project);
  CHECK(project->data.train == std::vector<std::string>{"a", "b"});
  // The labels decide.
  CHECK(project->training.models.empty());
  CHECK(project->training.metric.empty());
  CHECK_FALSE(project->retraining.declared);
}

TEST_CASE("what a declared task rules out is named before anything runs") {
  Folder folder;
  const std::string number =
      "project: p\n"
      "data:\n"
      "  sources: {a: {csv: a.csv}}\n"
      "  target: {name: y, expr: x, task: regression}\n";
  CHECK(folder.Load(number)->training.metric == "rmse");
  CHECK(folder.Complaint(number + "training: {tune: {metric: roc_auc}}\n")
            .starts_with("error: quern.yaml:5:27: metric 'roc_auc' does not fit: the target is a "
                         "number\n  help: "));
  CHECK(folder.Complaint(number + "training: {threshold: max_f1}\n")
            .starts_with("error: quern.yaml:5:23: a threshold decides between two classes"));
  CHECK(folder.Complaint(number + "design: {key_metrics: [{metric: f1, at_least: 0.5}]}\n")
            .starts_with("error: quern.yaml:5:33: metric 'f1' cannot be measured on a regression"));
  CHECK(folder.Complaint(number + "training: {hypothesis: linear beats dummy by 0.1 roc_auc}\n")
            .starts_with("error: quern.yaml:5:24: metric 'roc_auc' cannot be measured"));
}

TEST_CASE("one column steers the split, and time is cut once") {
  Folder folder;
  const std::string timed = std::string(kMinimal) + "  time: day\n";
  CHECK(folder.Load(timed));
  CHECK(folder.Complaint(timed + "  group: patient\n")
            .starts_with("error: quern.yaml:6:10: data.group 'patient' and data.time 'day' cannot "
                         "both split the rows\n  help: declare one of them"));
  CHECK(folder.Complaint(timed + "training: {cross_validation: {repeats: 3}}\n")
            .starts_with("error: quern.yaml:6:40: repeats is 3, but rows are split by data.time"));
}

TEST_CASE("what arrives later is not trained on") {
  Folder folder;
  const auto project = folder.Load(std::string(kMinimal) + "monitoring: {stream: [b]}\n");
  REQUIRE(project);
  CHECK(project->data.train == std::vector<std::string>{"a"});
  CHECK(folder.Complaint(std::string(kMinimal) + "monitoring: {stream: [c]}\n") ==
        "error: quern.yaml:5:22: monitoring.stream names source 'c', which data.sources does not "
        "declare\n"
        "  help: did you mean 'a'?");
}

TEST_CASE("values are overridden before they are typed") {
  Folder folder;
  CHECK(folder.Load(kMinimal, {{"training.seed", "9"}})->training.seed == 9);
  CHECK(folder.Load(kMinimal, {{"training.sede", "9"}}).error().hint == "did you mean 'seed'?");
  CHECK_FALSE(folder.Load(kMinimal, {{"project.seed", "9"}}));
}

TEST_CASE("mistakes are named at their place with a remedy") {
  Folder folder;
  CHECK(folder.Complaint("projct: p\n").find("needs 'project'") != std::string::npos);
  CHECK(folder.Complaint(std::string(kMinimal) + "trianing: {}\n") ==
        "error: quern.yaml:5:1: unknown key 'trianing' in the project\n  help: did you mean "
        "'training'?");
  CHECK(folder.Complaint(std::string(kMinimal) + "training: {models: {logistc: {}}}\n") ==
        "error: quern.yaml:5:21: unknown model 'logistc'\n  help: did you mean 'logistic'?");
  CHECK(folder.Complaint(std::string(kMinimal) + "training: {split: {test: 1.5}}\n").find("1.5") !=
        std::string::npos);
  CHECK(folder.Complaint(std::string(kMinimal) + "features: {numeric: {impute: medain}}\n")
            .find("'median'") != std::string::npos);
  CHECK(folder.Complaint(std::string(kMinimal) + "training: {hypothesis: a beats b by 1 roc_auc}\n")
            .find("which training does not fit") != std::string::npos);
  CHECK(folder.Complaint("").find("is empty") != std::string::npos);
}

TEST_CASE("includes are merged, clashes and circles are errors") {
  Folder folder;
  REQUIRE(RealFs().WriteAtomic(folder.dir.File("more.yaml"), "training: {seed: 5}\n"));
  CHECK(folder.Load(std::string("include: more.yaml\n") + kMinimal)->training.seed == 5);
  CHECK(folder.Complaint(std::string("include: more.yaml\ntraining: {}\n") + kMinimal)
            .find("already set") != std::string::npos);
  REQUIRE(RealFs().WriteAtomic(folder.dir.File("more.yaml"), "include: quern.yaml\n"));
  CHECK(folder.Complaint(std::string("include: more.yaml\n") + kMinimal).find("includes itself") !=
        std::string::npos);
  CHECK(folder.Complaint(std::string("include: none.yaml\n") + kMinimal).find("none.yaml") !=
        std::string::npos);
}

TEST_CASE("leaves are what keys are made of") {
  const auto root =
      ParseYaml("training: {seed: 7, hypothesis: x, models: {a: {c: [1, 2]}, b: {}}}", "q");
  REQUIRE(root);
  const auto leaves = Leaves(*root, "training", {"hypothesis"});
  REQUIRE(leaves.size() == 3);
  CHECK(leaves[0] == std::pair<std::string, std::string>{"training.seed", "7"});
  CHECK(leaves[1] == std::pair<std::string, std::string>{"training.models.a.c", "[1, 2]"});
  CHECK(leaves[2] == std::pair<std::string, std::string>{"training.models.b", "{}"});
  CHECK(Leaves(*root, "none.at.all").empty());
}

TEST_CASE("explanations are left out by a word, unless they are required") {
  Folder folder;
  const std::string text = kMinimal;
  CHECK(folder.Load(text)->deployment.explanations);
  CHECK(folder.Load(text + "deployment: {explanations: true}\n")->deployment.explanations);
  CHECK_FALSE(folder.Load(text + "deployment: {explanations: false}\n")->deployment.explanations);
  CHECK(folder.Complaint(text + "deployment: {explanations: some}\n")
            .starts_with("error: quern.yaml:5:28: "));
  CHECK(folder.Complaint(text + "deployment: {explanation: false}\n").find("did you mean") !=
        std::string::npos);
  const std::string required =
      "design: {requirements: [{id: e, text: t, require: serving.explained >= 1}]}\n";
  CHECK(folder.Load(text + required));
  const std::string said =
      folder.Complaint(text + required + "deployment: {explanations: false}\n");
  CHECK(said.starts_with("error: quern.yaml:5:"));
  CHECK(said.find("serving.explained is required, but deployment.explanations is false") !=
        std::string::npos);
}

TEST_CASE("what is logged of predictions is data, and mistakes are named at their place") {
  Folder folder;
  const std::string text = kMinimal;
  CHECK(LoadPredictionLog(folder.dir.path(), RealFs())->share == 1);
  REQUIRE(folder.Load(
      text + "deployment:\n  log: {share: 0.1, columns: [x], hash: [id], retention: 90d}\n"));
  const auto spec = LoadPredictionLog(folder.dir.path(), RealFs());
  REQUIRE(spec);
  CHECK(spec->share == 0.1);
  CHECK(spec->columns == std::vector<std::string>{"x"});
  CHECK(spec->hashed == std::vector<std::string>{"id"});
  CHECK(spec->retention_seconds == 90 * 86400);
  CHECK(folder.Complaint(text + "deployment: {log: {share: 1.5}}\n") ==
        "error: quern.yaml:5:27: share is 1.5, not between 0 and 1\n  help: 0.1 keeps a tenth of "
        "the requests, 0 none");
  CHECK(folder.Complaint(text + "deployment: {log: {retention: soon}}\n")
            .starts_with("error: quern.yaml:5:31: "));
  CHECK(folder.Complaint(text + "deployment: {log: {hsh: [id]}}\n").find("did you mean 'hash'") !=
        std::string::npos);
}

TEST_CASE("a tracking server has one spelling, and what is none is named") {
  Folder folder;
  CHECK_FALSE(folder.Load(kMinimal)->tracking.server);
  const std::string text = kMinimal;
  const auto project = folder.Load(text + "tracking: {server: \"HTTP://Models.Org:80/x/\"}\n");
  REQUIRE(project);
  CHECK(project->tracking.server->Text() == "http://models.org/x");
  const auto alone = LoadTracking(folder.dir.path(), RealFs());
  REQUIRE(alone);
  CHECK((*alone)->name == "p");
  CHECK((*alone)->tracking.server->host == "models.org");
  // By hand, for this once.
  CHECK(folder.Load(text, {{"tracking.server", "http://h:1"}})->tracking.server->port == 1);
  CHECK(folder.Complaint(text + "tracking: {server: sqlite:///x.db}\n")
            .starts_with("error: quern.yaml:5:20: tracking.server: 'sqlite:///x.db' is not the "
                         "http(s) URL of a server\n  help: "));
  CHECK(folder.Complaint(text + "tracking: {servr: x}\n").find("did you mean 'server'") !=
        std::string::npos);
  TempDir empty;
  CHECK_FALSE(LoadTracking(empty.path(), RealFs())->has_value());
}

}  // namespace quern::pipeline
