#pragma once
// The charter of a project: why it exists, what must hold, and who answers for what. What can be
// measured is typed here and becomes a gate later; what cannot be measured is an error before
// anything runs.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/yaml.h"

namespace quern::design {

enum class Op { kAtLeast, kAtMost };
/// ">=" or "<=".
std::string_view OpText(Op op);

/// "roc_auc >= 0.85", "serving.p99_ms <= 50".
struct Goal {
  std::string metric;
  Op op = Op::kAtLeast;
  double value = 0;
  Position where;
};

struct Requirement {
  std::string id;
  std::string text;
  std::optional<Goal> require;  // without it, people have to judge: shown as open
};

/// "gradient_boosting beats logistic by 0.01 roc_auc".
struct Hypothesis {
  std::string text;
  std::string challenger;
  std::string baseline;
  double margin = 0;
  std::string metric;
  Position where;
};

struct Role {
  std::string role;
  std::string who;
};

/// A question of the charter and its answer, "" while it is open.
struct Answer {
  std::string key;
  std::string question;
  std::string text;
};

struct Charter {
  std::vector<Answer> answers;  // every question of CharterQuestions(), in order
  std::vector<Role> roles;
  std::vector<Requirement> requirements;
  std::vector<Goal> key_metrics;
  std::optional<Hypothesis> hypothesis;

  const std::string& AnswerTo(std::string_view key) const;
};

/// A question that a team answers in the design phase.
struct Question {
  std::string_view key;
  std::string_view question;
};
const std::vector<Question>& CharterQuestions();

/// Metrics outside the model's own that requirements may name.
struct SystemMetric {
  std::string_view name;
  std::string_view doc;
};
const std::vector<SystemMetric>& SystemMetrics();

/// Reads the `design:` section and, from `training:`, its hypothesis (either may be null).
/// `model_metrics`: names that the task has. Errors: kInvalidArgument at the position.
Result<Charter> ParseCharter(const YamlNode* design, const YamlNode* hypothesis,
                             const std::vector<std::string>& model_metrics);

/// "METRIC >= NUMBER" or "<=".
Result<Goal> ParseGoal(std::string_view text, const Position& where);

/// Questions without an answer and requirements that nothing measures.
std::vector<Answer> OpenQuestions(const Charter& charter);

/// The record of the design step (docs/format/records.md).
json::value CharterRecord(const std::string& project, const Charter& charter);

}  // namespace quern::design
