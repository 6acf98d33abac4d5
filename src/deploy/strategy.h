#pragma once
// How a version takes over from another, as data: what a team writes under `deployment:` or sends
// to the API. Every setting is a row of one table (Settings()), which the parser, the writer and
// the documentation read.
#include <boost/json/fwd.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/yaml.h"

namespace quern::deploy {

enum class StrategyKind : uint8_t { kBasic, kShadow, kCanary, kBlueGreen, kAb, kBandit };

/// What a measured event of a version is used for.
enum class Watch : uint8_t {
  kOff,
  kWatch,    // proven harm rolls back
  kRequire,  // and promotion needs proof that the candidate is not worse
};

enum class BanditMethod : uint8_t { kThompson, kEpsilonGreedy };

/// The least that a phase lasts: both must be reached.
struct Stay {
  double seconds = 0;
  uint64_t requests = 0;
  bool operator==(const Stay&) const = default;
};

struct CanaryStep {
  double weight = 0;  // percent of the traffic
  Stay stay;
  bool operator==(const CanaryStep&) const = default;
};

/// One of several versions, for A/B and bandits.
struct VersionShare {
  std::string version;
  double weight = 0;  // percent; of a bandit only where it starts
  bool operator==(const VersionShare&) const = default;
};

/// Where the key of sticky routing stands in a request; at most one is not empty.
struct KeyPlace {
  std::string header;
  std::string cookie;
  std::string field;
  bool sticky() const { return !header.empty() || !cookie.empty() || !field.empty(); }
  bool operator==(const KeyPlace&) const = default;
};

/// Rules of the automated verdict (judge.h).
struct JudgeRules {
  double alpha = 0.01;      // chance that a harmless candidate is rolled back, over all metrics
  double beta = 0.05;       // chance that a candidate at the margin is promoted
  double tolerate = 1;      // rate ratio candidate/stable that is no harm yet
  double margin = 1.5;      // rate ratio that must be ruled out before promotion
  double negligible = 0.2;  // percent: a rate proven below it passes whatever the ratio
  Watch errors = Watch::kRequire;
  Watch invalid = Watch::kRequire;
  Watch latency = Watch::kOff;
  Watch wrong = Watch::kWatch;
  double latency_ms = 0;  // an answer that takes longer is an event of `latency`
  uint64_t min_requests = 500;
  double at_least = 600;       // seconds before promotion
  double at_most = 7 * 86400;  // seconds; undecided then: paused
  bool operator==(const JudgeRules&) const = default;
};

/// What acts at once, without statistics.
struct GuardRules {
  uint64_t consecutive_failures = 5;  // 0: off
  bool nan = true;
  bool schema = true;
  double sample_ratio = 0.0005;  // level of the test of the split; 0: off
  bool operator==(const GuardRules&) const = default;
};

struct BanditRules {
  BanditMethod method = BanditMethod::kThompson;
  double epsilon = 10;  // percent explored by epsilon_greedy
  double floor = 5;     // percent that every version gets whatever happens
  double discount = 1;  // what a reward counts for after the next one arrived
  bool operator==(const BanditRules&) const = default;
};

struct Strategy {
  StrategyKind kind = StrategyKind::kBasic;
  double share = 100;                  // shadow: percent of requests that are mirrored
  Stay shadow{0, 0};                   // a canary's shadow phase; both 0: none
  std::vector<CanaryStep> steps;       // canary
  Stay bake{600, 0};                   // canary, blue_green: all traffic, before it is final
  Stay preview{0, 0};                  // blue_green: reached by the override header alone
  Stay run{86400, 1000};               // ab, bandit
  std::vector<VersionShare> versions;  // ab, bandit: besides the stable one
  double hold = 3600;                  // seconds that the old version stays loaded after promotion
  std::string override_header = "x-quern-route";
  KeyPlace key;
  JudgeRules judge;
  GuardRules guards;
  BanditRules bandit;
  bool operator==(const Strategy&) const = default;
};

/// "canary".
std::string_view KindName(StrategyKind kind);
/// All of these names.
std::vector<std::string> StrategyNames();

using SettingSlot = std::variant<double*, uint64_t*, bool*, std::string*, Watch*, BanditMethod*>;
enum class SettingUnit : uint8_t { kPlain, kPercent, kSeconds, kMilliseconds };

/// A row of the table of settings.
struct Setting {
  std::string_view section;  // "": at the top
  std::string_view name;
  uint32_t kinds;  // bit 1 << StrategyKind
  SettingUnit unit;
  double low;  // limits of numbers, inclusive
  double high;
  std::string_view help;
  SettingSlot (*slot)(Strategy&);
};
/// Grouped by section.
std::span<const Setting> Settings();

/// A table in Markdown of what may be set, with defaults: what docs/releases.md shows.
std::string SettingsTable();

/// The strategy that `deployment:` declares; no node is `basic`. `others` names keys of the map
/// that somebody else reads. Errors: kInvalidArgument with place, value and remedy.
Result<Strategy> ParseStrategy(const YamlNode* node, std::span<const std::string> others = {});
/// The same of the JSON that an API was sent; the place in an error is a path as "judge.alpha".
Result<Strategy> ParseStrategy(const json::value& value);
/// What ParseStrategy reads back to the same; every setting of the kind is written.
json::value StrategyJson(const Strategy& strategy);

}  // namespace quern::deploy
