#include "ml/learners/learner.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/text.h"

namespace quern::ml {
namespace {

std::vector<std::string> Names(const std::vector<ParamDoc>& docs) {
  std::vector<std::string> names;
  for (const ParamDoc& doc : docs) names.push_back(doc.name);
  return names;
}

std::string Bounds(const ParamDoc& doc) {
  return "from " + ShortestDouble(doc.low) + " to " + ShortestDouble(doc.high);
}

Status CheckNumber(const std::string& kind, const ParamDoc& doc, const ParamValue& value) {
  const double* number = std::get_if<double>(&value);
  const std::string type = doc.type == "integer" ? "an integer" : "a number";
  if (!number || !std::isfinite(*number) ||
      (doc.type == "integer" && *number != std::round(*number)))
    return Fail(Code::kInvalidArgument,
                "parameter '" + doc.name + "' of " + kind + " is not " + type,
                "give " + type + " " + Bounds(doc));
  if (doc.low != doc.high && (*number < doc.low || *number > doc.high))
    return Fail(Code::kInvalidArgument,
                "parameter '" + doc.name + "' of " + kind + " is " + ShortestDouble(*number),
                "give " + type + " " + Bounds(doc));
  return {};
}

Status CheckParam(const std::string& kind, const ParamDoc& doc, const ParamValue& value) {
  if (doc.type == "integer" || doc.type == "number") return CheckNumber(kind, doc, value);
  const std::string* text = std::get_if<std::string>(&value);
  if (!text || std::find(doc.choices.begin(), doc.choices.end(), *text) == doc.choices.end())
    return Fail(Code::kInvalidArgument,
                "parameter '" + doc.name + "' of " + kind + " is " +
                    (text ? "'" + *text + "'" : std::string("not a text")),
                "one of: " + Join(doc.choices, ", "));
  return {};
}

std::string TaskText(Task task) {
  return task == Task::kRegression ? "regression" : "classification";
}

}  // namespace

bool TrainingSet::weighted() const {
  return std::any_of(weights.begin(), weights.end(), [](double w) { return w != 1; });
}

double ParamReader::Number(const std::string& name) const {
  const auto found = params_.find(name);
  QUERN_CHECK(found != params_.end(), name);
  return std::get<double>(found->second);
}

size_t ParamReader::Count(const std::string& name) const {
  return static_cast<size_t>(Number(name));
}

const std::string& ParamReader::Text(const std::string& name) const {
  const auto found = params_.find(name);
  QUERN_CHECK(found != params_.end(), name);
  return std::get<std::string>(found->second);
}

const std::vector<Learner>& Learners() {
  static const std::vector<Learner> learners{
      DummyLearner(),        LogisticLearner(),         LinearLearner(), DecisionTreeLearner(),
      RandomForestLearner(), GradientBoostingLearner(), KnnLearner()};
  return learners;
}

const Learner* FindLearner(const std::string& kind) {
  for (const Learner& learner : Learners())
    if (learner.kind == kind) return &learner;
  return nullptr;
}

std::vector<std::string> LearnerKinds() {
  std::vector<std::string> kinds;
  for (const Learner& learner : Learners()) kinds.push_back(learner.kind);
  return kinds;
}

const std::vector<ParamDoc>& LearnerParams(const std::string& kind) {
  static const std::vector<ParamDoc> none;
  const Learner* learner = FindLearner(kind);
  return learner ? learner->params : none;
}

Result<LearnerSpec> ValidateLearner(const LearnerSpec& spec, Task task) {
  const Learner* learner = FindLearner(spec.kind);
  if (!learner)
    return Fail(Code::kInvalidArgument, "no learner '" + spec.kind + "'",
                SuggestName(spec.kind, LearnerKinds()));
  if (std::find(learner->tasks.begin(), learner->tasks.end(), task) == learner->tasks.end()) {
    std::vector<std::string> able;
    for (const Learner& other : Learners())
      if (std::find(other.tasks.begin(), other.tasks.end(), task) != other.tasks.end())
        able.push_back(other.kind);
    return Fail(Code::kInvalidArgument, spec.kind + " does not do " + TaskText(task),
                "learners that do: " + Join(able, ", "));
  }
  LearnerSpec full = spec;
  for (const auto& [name, value] : spec.params) {
    const auto doc = std::find_if(learner->params.begin(), learner->params.end(),
                                  [&](const ParamDoc& d) { return d.name == name; });
    if (doc == learner->params.end())
      return Fail(
          Code::kInvalidArgument, spec.kind + " has no parameter '" + name + "'",
          learner->params.empty() ? "it takes none" : SuggestName(name, Names(learner->params)));
    QUERN_TRY(CheckParam(spec.kind, *doc, value));
  }
  for (const ParamDoc& doc : learner->params) full.params.try_emplace(doc.name, doc.fallback);
  return full;
}

ParamDoc IntegerParam(std::string name, double fallback, double low, double high, std::string doc) {
  return {std::move(name), "integer", fallback, low, high, {}, std::move(doc)};
}

ParamDoc NumberParam(std::string name, double fallback, double low, double high, std::string doc) {
  return {std::move(name), "number", fallback, low, high, {}, std::move(doc)};
}

ParamDoc TextParam(std::string name, std::string fallback, std::vector<std::string> choices,
                   std::string doc) {
  return {std::move(name), "text", std::move(fallback), 0, 0, std::move(choices), std::move(doc)};
}

}  // namespace quern::ml
