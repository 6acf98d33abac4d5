#include "design/charter.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/text.h"
#include "design/key_metrics.h"

namespace quern::design {

std::string_view OpText(Op op) { return op == Op::kAtLeast ? ">=" : "<="; }

const std::vector<Question>& CharterQuestions() {
  static const std::vector<Question> kQuestions{
      {"added_value", "What gets better for whom, and how would one notice?"},
      {"users", "Who sees the prediction, at which moment of their work?"},
      {"decision", "What is done differently when the model says yes, and when it says no?"},
      {"cost_of_errors", "What does a missed case cost, and what a false alarm?"},
      {"today", "How is it decided today, and how well does that work?"},
      {"data_owner", "Who owns the data, and who allowed this use?"},
      {"fairness", "For which groups must it work equally well?"},
      {"labels", "When and how does the truth become known?"},
      {"fallback", "What happens when the model is down or wrong?"},
  };
  return kQuestions;
}

const std::vector<SystemMetric>& SystemMetrics() {
  static const std::vector<SystemMetric> kMetrics{
      {"serving.p50_ms", "median latency of one row over HTTP on this machine"},
      {"serving.p99_ms", "99th percentile of the latency of one row over HTTP on this machine"},
      {"serving.max_difference", "largest difference between served and evaluated scores"},
      {"serving.explained", "share of the tried rows whose score the server explains in full"},
      {"package.bytes", "size of the model package"},
  };
  return kMetrics;
}

const std::string& Charter::AnswerTo(std::string_view key) const {
  static const std::string kNone;
  for (const Answer& answer : answers) {
    if (answer.key == key) return answer.text;
  }
  return kNone;
}

Result<Goal> ParseGoal(std::string_view text, const Position& where) {
  for (const auto& [sign, op] : {std::pair{">=", Op::kAtLeast}, std::pair{"<=", Op::kAtMost}}) {
    const size_t at = text.find(sign);
    if (at == std::string_view::npos) continue;
    const auto value = ParseDouble(text.substr(at + 2));
    const std::string metric(Trim(text.substr(0, at)));
    if (value && !metric.empty()) return Goal{metric, op, *value, where};
  }
  return FailAt(where, "'" + std::string(text) + "' is not a measurable requirement",
                "write METRIC >= NUMBER or METRIC <= NUMBER, as in serving.p99_ms <= 50");
}

namespace {

Status CheckMetric(const Goal& goal, const std::vector<std::string>& model_metrics,
                   bool system_too) {
  std::vector<std::string> known = model_metrics;
  if (system_too) {
    for (const SystemMetric& metric : SystemMetrics()) known.emplace_back(metric.name);
  }
  if (std::find(known.begin(), known.end(), goal.metric) != known.end()) return {};
  return FailAt(goal.where, "unknown metric '" + goal.metric + "'",
                SuggestName(goal.metric, known));
}

Result<std::vector<Requirement>> ParseRequirements(const YamlNode* node,
                                                   const std::vector<std::string>& metrics) {
  std::vector<Requirement> out;
  if (node == nullptr || node->IsNull()) return out;
  if (!node->IsList()) return FailAt(node->where, "requirements must be a list");
  for (const YamlNode& item : node->items) {
    YamlMap map(&item, "a requirement");
    Requirement requirement;
    QUERN_ASSIGN(requirement.id, map.RequiredText("id"));
    QUERN_ASSIGN(requirement.text, map.RequiredText("text"));
    if (const YamlNode* goal = map.Get("require")) {
      QUERN_ASSIGN(const std::string text, goal->AsText());
      QUERN_ASSIGN(requirement.require, ParseGoal(text, goal->where));
      QUERN_TRY(CheckMetric(*requirement.require, metrics, true));
    }
    QUERN_TRY(map.Finish());
    for (const Requirement& other : out) {
      if (other.id == requirement.id) {
        return FailAt(item.where, "requirement '" + other.id + "' stands here twice");
      }
    }
    out.push_back(std::move(requirement));
  }
  return out;
}

}  // namespace

Result<std::vector<Goal>> ParseKeyMetrics(const YamlNode* node,
                                          const std::vector<std::string>& metrics) {
  std::vector<Goal> out;
  if (node == nullptr || node->IsNull()) return out;
  if (!node->IsList()) return FailAt(node->where, "key_metrics must be a list");
  for (const YamlNode& item : node->items) {
    YamlMap map(&item, "a key metric");
    Goal goal;
    goal.where = item.where;
    QUERN_ASSIGN(goal.metric, map.RequiredText("metric"));
    if (const YamlNode* name = item.Find("metric")) goal.where = name->where;
    const YamlNode* least = map.Get("at_least");
    const YamlNode* most = map.Get("at_most");
    if ((least == nullptr) == (most == nullptr)) {
      return FailAt(item.where, "key metric '" + goal.metric + "' needs at_least or at_most",
                    "as in {metric: " + goal.metric + ", at_least: 0.8}");
    }
    goal.op = least != nullptr ? Op::kAtLeast : Op::kAtMost;
    QUERN_ASSIGN(goal.value, (least != nullptr ? least : most)->AsNumber());
    QUERN_TRY(map.Finish());
    QUERN_TRY(CheckMetric(goal, metrics, false));
    out.push_back(std::move(goal));
  }
  return out;
}

namespace {

Result<std::vector<Role>> ParseRoles(const YamlNode* node) {
  std::vector<Role> out;
  if (node == nullptr || node->IsNull()) return out;
  if (!node->IsMap()) return FailAt(node->where, "roles must be a map of role to person");
  for (const YamlEntry& entry : node->entries) {
    QUERN_ASSIGN(std::string who, entry.value.AsText());
    out.push_back({entry.key, std::move(who)});
  }
  return out;
}

Result<Hypothesis> ParseHypothesis(const YamlNode& node, const std::vector<std::string>& metrics) {
  QUERN_ASSIGN(const std::string text, node.AsText());
  std::vector<std::string> words;
  for (std::string_view word : Split(text, ' ')) {
    if (!Trim(word).empty()) words.emplace_back(Trim(word));
  }
  const auto margin = words.size() == 6 ? ParseDouble(words[4]) : std::nullopt;
  if (words.size() != 6 || words[1] != "beats" || words[3] != "by" || !margin) {
    return FailAt(node.where, "'" + text + "' is not a hypothesis",
                  "write MODEL beats MODEL by NUMBER METRIC, as in "
                  "gradient_boosting beats logistic by 0.01 roc_auc");
  }
  Hypothesis out{text, words[0], words[2], *margin, words[5], node.where};
  QUERN_TRY(CheckMetric({out.metric, Op::kAtLeast, 0, node.where}, metrics, false));
  return out;
}

}  // namespace

Result<Charter> ParseCharter(const YamlNode* design, const YamlNode* hypothesis,
                             const std::vector<std::string>& model_metrics) {
  Charter charter;
  YamlMap map(design, "design");
  for (const Question& question : CharterQuestions()) {
    Answer answer{std::string(question.key), std::string(question.question), {}};
    if (const YamlNode* node = map.Get(question.key); node != nullptr && !node->IsNull()) {
      QUERN_ASSIGN(answer.text, node->AsText());
    }
    charter.answers.push_back(std::move(answer));
  }
  QUERN_ASSIGN(charter.roles, ParseRoles(map.Get("roles")));
  QUERN_ASSIGN(charter.requirements, ParseRequirements(map.Get("requirements"), model_metrics));
  QUERN_ASSIGN(charter.key_metrics, ParseKeyMetrics(map.Get("key_metrics"), model_metrics));
  QUERN_TRY(map.Finish());
  if (hypothesis != nullptr && !hypothesis->IsNull()) {
    QUERN_ASSIGN(charter.hypothesis, ParseHypothesis(*hypothesis, model_metrics));
  }
  return charter;
}

std::vector<Answer> OpenQuestions(const Charter& charter) {
  std::vector<Answer> open;
  for (const Answer& answer : charter.answers) {
    if (Trim(answer.text).empty()) open.push_back(answer);
  }
  if (charter.key_metrics.empty()) {
    open.push_back(
        {"key_metrics", "Which number, of which size, makes the model good enough?", {}});
  }
  if (charter.roles.empty())
    open.push_back({"roles", "Who answers for data, model and operation?", {}});
  for (const Requirement& requirement : charter.requirements) {
    if (!requirement.require) {
      open.push_back({"requirements." + requirement.id,
                      "How is it measured that: " + requirement.text + "?",
                      {}});
    }
  }
  return open;
}

namespace {

json::value GoalJson(const Goal& goal) {
  return json::object{{"metric", goal.metric}, {"op", OpText(goal.op)}, {"value", goal.value}};
}

}  // namespace

json::value CharterRecord(const std::string& project, const Charter& charter) {
  json::object record{{"project", project}, {"added_value", charter.AnswerTo("added_value")}};
  json::array answers, roles, requirements, key_metrics, open;
  for (const Answer& answer : charter.answers) {
    if (answer.text.empty()) continue;
    answers.push_back(
        {{"key", answer.key}, {"question", answer.question}, {"answer", answer.text}});
  }
  for (const Role& role : charter.roles) roles.push_back({{"role", role.role}, {"who", role.who}});
  for (const Requirement& requirement : charter.requirements) {
    requirements.push_back(json::object{
        {"id", requirement.id},
        {"text", requirement.text},
        {"require", requirement.require ? GoalJson(*requirement.require) : json::value(nullptr)}});
  }
  for (const Goal& goal : charter.key_metrics) key_metrics.push_back(GoalJson(goal));
  for (const Answer& answer : OpenQuestions(charter)) {
    open.push_back({{"key", answer.key}, {"question", answer.question}});
  }
  record["answers"] = std::move(answers);
  record["roles"] = std::move(roles);
  record["requirements"] = std::move(requirements);
  record["key_metrics"] = std::move(key_metrics);
  record["hypothesis"] = nullptr;
  if (charter.hypothesis) {
    const Hypothesis& h = *charter.hypothesis;
    record["hypothesis"] = json::object{{"text", h.text},
                                        {"challenger", h.challenger},
                                        {"baseline", h.baseline},
                                        {"margin", h.margin},
                                        {"metric", h.metric}};
  }
  record["open"] = std::move(open);
  return record;
}

}  // namespace quern::design
