#include <algorithm>
#include <boost/json.hpp>

#include "base/text.h"
#include "deploy/release.h"
#include "deploy/release_names.h"

namespace quern::deploy {
namespace {

template <size_t N>
size_t IndexOf(const std::array<std::string_view, N>& names, const json::value& value) {
  const std::string_view word = value.as_string();
  const auto found = std::find(names.begin(), names.end(), word);
  if (found == names.end()) throw std::invalid_argument("unknown word " + std::string(word));
  return static_cast<size_t>(found - names.begin());
}

std::string Text(const json::value& value) { return std::string(value.as_string()); }

Phase ReadPhase(const json::value& value) {
  const auto phase = ParsePhase(value.as_string());
  if (!phase) throw std::invalid_argument("unknown word " + Text(value));
  return *phase;
}

}  // namespace

std::string_view PhaseName(Phase phase) { return kPhaseNames[static_cast<size_t>(phase)]; }

std::optional<Phase> ParsePhase(std::string_view word) {
  const auto found = std::find(kPhaseNames.begin(), kPhaseNames.end(), word);
  if (found == kPhaseNames.end()) return std::nullopt;
  return static_cast<Phase>(found - kPhaseNames.begin());
}

std::string_view GuardName(GuardKind kind) { return kGuardNames[static_cast<size_t>(kind)]; }

Result<CommandKind> ParseCommand(std::string_view word) {
  const auto found = std::find(kCommandNames.begin(), kCommandNames.end(), word);
  if (found != kCommandNames.end()) return static_cast<CommandKind>(found - kCommandNames.begin());
  const std::vector<std::string> known(kCommandNames.begin(), kCommandNames.end());
  return Fail(Code::kInvalidArgument, "unknown command '" + std::string(word) + "'",
              SuggestName(word, known));
}

json::value ReleaseJson(const Release& r) {
  json::array candidates;
  for (const Candidate& c : r.candidates) {
    candidates.push_back({{"version", c.version},
                          {"weight", c.weight},
                          {"ceiling", c.ceiling},
                          {"dropped", c.dropped}});
  }
  json::array todo;
  for (const Action& action : r.todo) {
    todo.push_back(
        {{"action", kActionNames[static_cast<size_t>(action.kind)]}, {"version", action.version}});
  }
  return {{"id", r.id},
          {"model", r.model},
          {"alias", r.alias},
          {"stable", r.stable},
          {"candidates", std::move(candidates)},
          {"strategy", StrategyJson(r.strategy)},
          {"created_ms", r.created_ms},
          {"phase", PhaseName(r.phase)},
          {"resumes_to", PhaseName(r.resumes_to)},
          {"step", r.step},
          {"phase_ms", r.phase_ms},
          {"phase_requests", r.phase_requests},
          {"compared_ms", r.compared_ms},
          {"deadline_ms", r.deadline_ms},
          {"tainted", r.tainted},
          {"winner", r.winner},
          {"ended_ms", r.ended_ms},
          {"closed", r.closed},
          {"audits", r.audits},
          {"todo", std::move(todo)}};
}

Result<Release> ReadRelease(const json::value& value) {
  try {
    Release r;
    r.id = Text(value.at("id"));
    r.model = Text(value.at("model"));
    r.alias = Text(value.at("alias"));
    r.stable = Text(value.at("stable"));
    for (const json::value& c : value.at("candidates").as_array()) {
      r.candidates.push_back({Text(c.at("version")), c.at("weight").to_number<double>(),
                              c.at("ceiling").to_number<double>(), c.at("dropped").as_bool()});
    }
    auto strategy = ParseStrategy(value.at("strategy"));
    if (!strategy) throw std::invalid_argument(strategy.error().message);
    r.strategy = std::move(*strategy);
    if (r.candidates.empty()) throw std::invalid_argument("no candidate");
    r.created_ms = value.at("created_ms").to_number<int64_t>();
    r.phase = ReadPhase(value.at("phase"));
    r.resumes_to = ReadPhase(value.at("resumes_to"));
    r.step = value.at("step").to_number<uint32_t>();
    r.phase_ms = value.at("phase_ms").to_number<int64_t>();
    r.phase_requests = value.at("phase_requests").to_number<uint64_t>();
    r.compared_ms = value.at("compared_ms").to_number<int64_t>();
    r.deadline_ms = value.at("deadline_ms").to_number<int64_t>();
    r.tainted = value.at("tainted").as_bool();
    r.winner = Text(value.at("winner"));
    r.ended_ms = value.at("ended_ms").to_number<int64_t>();
    r.closed = value.at("closed").as_bool();
    r.audits = value.at("audits").to_number<int64_t>();
    for (const json::value& action : value.at("todo").as_array()) {
      r.todo.push_back({static_cast<ActionKind>(IndexOf(kActionNames, action.at("action"))),
                        Text(action.at("version"))});
    }
    return r;
  } catch (const std::exception& e) {
    return Fail(Code::kDataLoss, std::string("a release's state cannot be read: ") + e.what(),
                "restore quern.db from a backup");
  }
}

json::array VerdictsJson(const Release& release, int64_t now_ms) {
  json::array verdicts;
  for (const Verdict& verdict : Judge(release, now_ms)) verdicts.push_back(VerdictJson(verdict));
  return verdicts;
}

json::value EarnedJson(const Release& release) {
  if (release.strategy.kind != StrategyKind::kBandit) return nullptr;
  json::array earned;
  for (const Earned& one : EarnedBy(release)) {
    earned.push_back({{"version", one.version},
                      {"requests", one.requests},
                      {"won", one.rewards.won},
                      {"lost", one.rewards.lost}});
  }
  return earned;
}

}  // namespace quern::deploy
