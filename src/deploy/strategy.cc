#include "deploy/strategy.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/text.h"
#include "deploy/strategy_names.h"

namespace quern::deploy {
namespace {

constexpr uint32_t Bit(StrategyKind kind) { return 1u << static_cast<uint32_t>(kind); }
constexpr uint32_t kShadowing = Bit(StrategyKind::kShadow) | Bit(StrategyKind::kCanary);
constexpr uint32_t kCanary = Bit(StrategyKind::kCanary);
constexpr uint32_t kBlueGreen = Bit(StrategyKind::kBlueGreen);
constexpr uint32_t kMany = Bit(StrategyKind::kAb) | Bit(StrategyKind::kBandit);
constexpr uint32_t kBandit = Bit(StrategyKind::kBandit);
constexpr uint32_t kCompared = kCanary | Bit(StrategyKind::kAb);
constexpr uint32_t kGuarded = kShadowing | kBlueGreen | kMany;
constexpr uint32_t kRouted = kCanary | kBlueGreen | kMany;
constexpr uint32_t kAll = ~0u >> 26;

constexpr double kMostRequests = 1e15;
constexpr double kYear = 366.0 * 86400;

#define QUERN_SLOT(member) [](Strategy& s) -> SettingSlot { return &s.member; }
using enum SettingUnit;

constexpr std::array kSettings{
    Setting{"", "hold", kAll, kSeconds, 0, kYear,
            "how long the old version stays loaded after promotion, for a rollback at once",
            QUERN_SLOT(hold)},
    Setting{"", "override", kRouted, kPlain, 0, 0,
            "header by which a tester asks for `stable`, `candidate` or a version; \"\": none",
            QUERN_SLOT(override_header)},
    Setting{"key", "header", kRouted, kPlain, 0, 0,
            "header whose value keeps a caller on one version", QUERN_SLOT(key.header)},
    Setting{"key", "cookie", kRouted, kPlain, 0, 0, "cookie that does so", QUERN_SLOT(key.cookie)},
    Setting{"key", "field", kRouted, kPlain, 0, 0, "field or column of the request that does so",
            QUERN_SLOT(key.field)},
    Setting{"shadow", "share", kShadowing, kPercent, 0.01, 100,
            "share of the requests that the candidate sees too", QUERN_SLOT(share)},
    Setting{"shadow", "for", kShadowing, kSeconds, 0, kYear, "least duration of the shadow phase",
            QUERN_SLOT(shadow.seconds)},
    Setting{"shadow", "requests", kShadowing, kPlain, 0, kMostRequests,
            "least number of mirrored requests", QUERN_SLOT(shadow.requests)},
    Setting{"bake", "for", kCanary | kBlueGreen, kSeconds, 0, kYear,
            "how long the candidate serves all before the promotion is final",
            QUERN_SLOT(bake.seconds)},
    Setting{"bake", "requests", kCanary | kBlueGreen, kPlain, 0, kMostRequests,
            "and how many requests at least", QUERN_SLOT(bake.requests)},
    Setting{"preview", "for", kBlueGreen, kSeconds, 0, kYear,
            "how long the candidate is reached by the override header alone",
            QUERN_SLOT(preview.seconds)},
    Setting{"preview", "requests", kBlueGreen, kPlain, 0, kMostRequests,
            "and by how many requests at least", QUERN_SLOT(preview.requests)},
    Setting{"run", "for", kMany, kSeconds, 0, kYear, "least duration of the comparison",
            QUERN_SLOT(run.seconds)},
    Setting{"run", "requests", kMany, kPlain, 0, kMostRequests,
            "least number of requests per version", QUERN_SLOT(run.requests)},
    Setting{"bandit", "method", kBandit, kPlain, 0, 0, "`thompson` or `epsilon_greedy`",
            QUERN_SLOT(bandit.method)},
    Setting{"bandit", "epsilon", kBandit, kPercent, 0, 100,
            "share that epsilon_greedy spreads over all versions", QUERN_SLOT(bandit.epsilon)},
    Setting{"bandit", "floor", kBandit, kPercent, 0, 50, "least share of every version",
            QUERN_SLOT(bandit.floor)},
    Setting{"bandit", "discount", kBandit, kPlain, 0.9, 1,
            "what a reward counts for once the next has come; 1: for ever",
            QUERN_SLOT(bandit.discount)},
    Setting{"judge", "alpha", kCompared, kPlain, 1e-9, 0.5,
            "chance that a harmless candidate is rolled back, over all metrics and looks",
            QUERN_SLOT(judge.alpha)},
    Setting{"judge", "beta", kCompared, kPlain, 1e-9, 0.5,
            "chance that a candidate as bad as the margin is promoted", QUERN_SLOT(judge.beta)},
    Setting{"judge", "tolerate", kCompared, kPlain, 0.1, 100,
            "ratio of rates, candidate to stable, that is no harm yet", QUERN_SLOT(judge.tolerate)},
    Setting{"judge", "margin", kCompared, kPlain, 1.01, 100,
            "ratio of rates that must be ruled out before promotion", QUERN_SLOT(judge.margin)},
    Setting{"judge", "negligible", kCompared, kPercent, 0, 100,
            "a rate of the candidate proven below it passes whatever the ratio",
            QUERN_SLOT(judge.negligible)},
    Setting{"judge", "errors", kCompared, kPlain, 0, 0, "requests that failed by our fault",
            QUERN_SLOT(judge.errors)},
    Setting{"judge", "invalid", kCompared, kPlain, 0, 0, "answers that no caller can use",
            QUERN_SLOT(judge.invalid)},
    Setting{"judge", "latency", kCompared, kPlain, 0, 0, "answers later than `latency_ms`",
            QUERN_SLOT(judge.latency)},
    Setting{"judge", "wrong", kCompared, kPlain, 0, 0, "decisions that their labels contradict",
            QUERN_SLOT(judge.wrong)},
    Setting{"judge", "latency_ms", kCompared, kMilliseconds, 0, 1e9,
            "limit of `latency`; set alone it makes `latency` required",
            QUERN_SLOT(judge.latency_ms)},
    Setting{"judge", "min_requests", kCompared, kPlain, 0, kMostRequests,
            "least number of requests of each version before promotion",
            QUERN_SLOT(judge.min_requests)},
    Setting{"judge", "at_least", kCompared, kSeconds, 0, kYear,
            "least duration of the comparison before promotion", QUERN_SLOT(judge.at_least)},
    Setting{"judge", "at_most", kCompared, kSeconds, 0, kYear,
            "undecided for so long: paused, never promoted", QUERN_SLOT(judge.at_most)},
    Setting{"guards", "consecutive_failures", kGuarded, kPlain, 0, kMostRequests,
            "so many failed requests of the candidate in a row roll back; 0: off",
            QUERN_SLOT(guards.consecutive_failures)},
    Setting{"guards", "nan", kGuarded, kPlain, 0, 0, "a NaN in an answer rolls back",
            QUERN_SLOT(guards.nan)},
    Setting{"guards", "schema", kGuarded, kPlain, 0, 0,
            "an answer of another shape or type than declared rolls back",
            QUERN_SLOT(guards.schema)},
    Setting{"guards", "sample_ratio", kCompared, kPlain, 0, 0.1,
            "level at which a split that is not the declared one stops the comparison; 0: off",
            QUERN_SLOT(guards.sample_ratio)},
};
#undef QUERN_SLOT

std::string DefaultText(const Setting& setting) {
  Strategy defaults;
  struct Show {
    SettingUnit unit;
    std::string operator()(const double* value) const {
      if (unit != kSeconds) return ShortestDouble(*value);
      for (const auto& [seconds, letter] : {std::pair{86400.0, "d"}, {3600.0, "h"}, {60.0, "m"}}) {
        const double many = *value / seconds;
        if (many >= 1 && many == static_cast<double>(static_cast<int64_t>(many))) {
          return ShortestDouble(many) + letter;
        }
      }
      return ShortestDouble(*value) + "s";
    }
    std::string operator()(const uint64_t* value) const { return std::to_string(*value); }
    std::string operator()(const bool* value) const { return *value ? "true" : "false"; }
    std::string operator()(const std::string* value) const {
      return value->empty() ? "\"\"" : *value;
    }
    std::string operator()(const Watch* value) const { return std::string(NameOf(*value)); }
    std::string operator()(const BanditMethod* value) const { return std::string(NameOf(*value)); }
  };
  return std::visit(Show{setting.unit}, setting.slot(defaults));
}

std::string KindsText(uint32_t kinds) {
  if (kinds == kAll) return "all";
  std::string text;
  for (size_t i = 0; i < kKindNames.size(); ++i) {
    if ((kinds >> i & 1) == 0) continue;
    if (!text.empty()) text += ", ";
    text += kKindNames[i];
  }
  return text;
}

}  // namespace

std::string_view KindName(StrategyKind kind) { return NameOf(kind); }

std::vector<std::string> StrategyNames() { return {kKindNames.begin(), kKindNames.end()}; }

std::span<const Setting> Settings() { return kSettings; }

std::string SettingsTable() {
  std::string text = "| setting | default | of | meaning |\n|---|---|---|---|\n";
  for (const Setting& setting : kSettings) {
    text += "| `";
    if (!setting.section.empty()) text += std::string(setting.section) + ".";
    text += std::string(setting.name) + "` | " + DefaultText(setting);
    if (setting.unit == kPercent) text += " %";
    text += " | " + KindsText(setting.kinds) + " | " + std::string(setting.help) + " |\n";
  }
  return text;
}

}  // namespace quern::deploy
