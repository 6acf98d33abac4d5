#include <algorithm>
#include <optional>

#include "base/text.h"
#include "base/time.h"
#include "deploy/strategy.h"
#include "deploy/strategy_names.h"

namespace quern::deploy {
namespace {

constexpr size_t kMaxSteps = 50;
constexpr size_t kMaxVersions = 7;  // and the stable one: what a route table holds

/// Name of a setting as messages write it.
std::string PathOf(const Setting& setting) {
  if (setting.section.empty()) return std::string(setting.name);
  return std::string(setting.section) + "." + std::string(setting.name);
}

std::string Shown(const YamlNode& node) {
  if (node.IsScalar()) return "'" + node.scalar + "'";
  return std::string(node.KindName());
}

template <size_t N>
std::vector<std::string> Words(const std::array<std::string_view, N>& names) {
  return {names.begin(), names.end()};
}

template <class Enum, size_t N>
Result<Enum> ReadWord(const YamlNode& node, const std::string& path,
                      const std::array<std::string_view, N>& names) {
  const auto found =
      node.IsScalar() ? std::find(names.begin(), names.end(), node.scalar) : names.end();
  if (found == names.end()) {
    return FailAt(node.where, path + ": expected one of its words, got " + Shown(node),
                  SuggestName(node.scalar, Words(names)));
  }
  return static_cast<Enum>(found - names.begin());
}

Result<double> ReadDuration(const YamlNode& node, const std::string& path) {
  auto seconds = node.IsScalar() ? ParseDuration(node.scalar) : Fail(Code::kInvalidArgument, "");
  // A plain 0 needs no unit.
  if (!seconds && node.IsScalar() && ParseDouble(node.scalar) == 0.0) return 0;
  if (!seconds) {
    return FailAt(node.where, path + ": expected a duration, got " + Shown(node),
                  "write a number and a unit: 90s, 15m, 6h, 7d or 2w");
  }
  return *seconds;
}

Status CheckLimits(const YamlNode& node, const std::string& path, SettingUnit unit, double value,
                   double low, double high) {
  if (value >= low && value <= high) return {};
  std::string limits = "between " + ShortestDouble(low) + " and " + ShortestDouble(high);
  if (unit == SettingUnit::kPercent) limits += " percent";
  if (unit == SettingUnit::kSeconds) limits += " seconds";
  return FailAt(node.where, path + " must be " + limits + ", got " + Shown(node),
                "choose a value within these limits");
}

Result<double> ReadNumber(const YamlNode& node, const std::string& path, SettingUnit unit,
                          double low, double high) {
  double value = 0;
  if (unit == SettingUnit::kSeconds) {
    QUERN_ASSIGN(value, ReadDuration(node, path));
  } else {
    const auto number = node.IsScalar() && !node.quoted ? ParseDouble(node.scalar) : std::nullopt;
    if (!number) {
      return FailAt(node.where, path + ": expected a number, got " + Shown(node),
                    "write a number without quotes, as in 5");
    }
    value = *number;
  }
  QUERN_TRY(CheckLimits(node, path, unit, value, low, high));
  return value;
}

Result<uint64_t> ReadCount(const YamlNode& node, const std::string& path, double low, double high) {
  const auto number = node.IsScalar() && !node.quoted ? ParseInt(node.scalar) : std::nullopt;
  if (!number) {
    return FailAt(node.where, path + ": expected a whole number, got " + Shown(node),
                  "write a whole number, as in 500");
  }
  QUERN_TRY(CheckLimits(node, path, SettingUnit::kPlain, static_cast<double>(*number),
                        std::max(low, 0.0), high));
  return static_cast<uint64_t>(*number);
}

/// Reads one value into its place.
struct Reader {
  const YamlNode& node;
  const Setting& setting;
  std::string path = PathOf(setting);

  Status operator()(double* out) const {
    QUERN_ASSIGN(*out, ReadNumber(node, path, setting.unit, setting.low, setting.high));
    return {};
  }
  Status operator()(uint64_t* out) const {
    QUERN_ASSIGN(*out, ReadCount(node, path, setting.low, setting.high));
    return {};
  }
  Status operator()(bool* out) const {
    auto value = node.AsBool();
    if (!value) {
      return FailAt(node.where, path + ": expected true or false, got " + Shown(node),
                    "write true or false");
    }
    *out = *value;
    return {};
  }
  Status operator()(std::string* out) const {
    if (!node.IsScalar()) {
      return FailAt(node.where, path + ": expected text, got " + Shown(node), "write one name");
    }
    *out = node.scalar;
    return {};
  }
  Status operator()(Watch* out) const {
    // YAML 1.1 habits: a bare `off` may come as false.
    const bool falsy = node.IsScalar() && !node.quoted && node.scalar == "false";
    if (falsy) {
      *out = Watch::kOff;
      return {};
    }
    QUERN_ASSIGN(*out, ReadWord<Watch>(node, path, kWatchNames));
    return {};
  }
  Status operator()(BanditMethod* out) const {
    QUERN_ASSIGN(*out, ReadWord<BanditMethod>(node, path, kMethodNames));
    return {};
  }
};

/// The keys of one section (or of the top) that the table knows for this kind. Names that it knows
/// for other kinds only are explained.
Status ReadSettings(const YamlNode& map, std::string_view section, Strategy& strategy,
                    std::vector<std::string>& known) {
  const uint32_t bit = 1u << static_cast<uint32_t>(strategy.kind);
  for (const Setting& setting : Settings()) {
    if (setting.section != section) continue;
    const bool ours = (setting.kinds & bit) != 0;
    if (ours) known.emplace_back(setting.name);
    const YamlNode* node = map.Find(setting.name);
    if (node == nullptr) continue;
    if (!ours) {
      return FailAt(
          node->where,
          PathOf(setting) + " means nothing to strategy " + std::string(KindName(strategy.kind)),
          "remove it, or choose a strategy that has it");
    }
    QUERN_TRY(std::visit(Reader{*node, setting}, setting.slot(strategy)));
  }
  return {};
}

Status CheckKeys(const YamlNode& map, const std::string& what,
                 const std::vector<std::string>& known) {
  if (map.IsNull()) return {};
  if (!map.IsMap()) {
    return FailAt(map.where, what + " must be a map, got " + Shown(map),
                  "write its settings as keys of a map");
  }
  for (const YamlEntry& entry : map.entries) {
    if (std::find(known.begin(), known.end(), entry.key) == known.end()) {
      return FailAt(entry.where, "unknown key '" + entry.key + "' in " + what,
                    SuggestName(entry.key, known));
    }
  }
  return {};
}

Result<CanaryStep> ReadStep(const YamlNode& node, const std::string& path) {
  CanaryStep step{0, {600, 500}};
  const YamlNode* weight = &node;
  if (node.IsMap()) {
    QUERN_TRY(CheckKeys(node, path, {"weight", "for", "requests"}));
    weight = node.Find("weight");
    if (weight == nullptr) {
      return FailAt(node.where, path + " needs weight", "as in {weight: 5, for: 10m}");
    }
    if (const YamlNode* stay = node.Find("for")) {
      QUERN_ASSIGN(step.stay.seconds,
                   ReadNumber(*stay, path + ".for", SettingUnit::kSeconds, 0, 366.0 * 86400));
    }
    if (const YamlNode* requests = node.Find("requests")) {
      QUERN_ASSIGN(step.stay.requests, ReadCount(*requests, path + ".requests", 0, 1e15));
    }
  }
  QUERN_ASSIGN(step.weight,
               ReadNumber(*weight, path + ".weight", SettingUnit::kPercent, 0.01, 99.99));
  return step;
}

Status ReadSteps(const YamlNode* node, Strategy& strategy) {
  if (node == nullptr) {
    for (double weight : {1.0, 5.0, 25.0, 50.0}) strategy.steps.push_back({weight, {600, 500}});
    return {};
  }
  if (!node->IsList() || node->items.empty() || node->items.size() > kMaxSteps) {
    return FailAt(node->where, "steps must be a list of 1 to 50 weights, got " + Shown(*node),
                  "as in steps: [1, 5, 25, 50] or {weight: 5, for: 10m, requests: 500}");
  }
  double before = 0;
  for (size_t i = 0; i < node->items.size(); ++i) {
    const std::string path = "steps[" + std::to_string(i) + "]";
    QUERN_ASSIGN(const CanaryStep step, ReadStep(node->items[i], path));
    if (step.weight <= before) {
      return FailAt(node->items[i].where,
                    path + ": weight " + ShortestDouble(step.weight) + " does not rise above " +
                        ShortestDouble(before),
                    "weights of steps rise; promotion, not a step, brings 100");
    }
    before = step.weight;
    strategy.steps.push_back(step);
  }
  return {};
}

Result<VersionShare> ReadVersion(const YamlNode& node, const std::string& path) {
  VersionShare share;
  const YamlNode* version = &node;
  if (node.IsMap()) {
    QUERN_TRY(CheckKeys(node, path, {"version", "weight"}));
    version = node.Find("version");
    if (const YamlNode* weight = node.Find("weight")) {
      QUERN_ASSIGN(share.weight,
                   ReadNumber(*weight, path + ".weight", SettingUnit::kPercent, 0.01, 99.99));
    }
  }
  if (version == nullptr || !version->IsScalar() || version->scalar.empty()) {
    return FailAt(node.where, path + " needs a version", "as in {version: 4, weight: 20}");
  }
  share.version = version->scalar;
  return share;
}

/// Weights that are not given share equally what the given ones leave, the stable version too.
Status FillWeights(const Position& where, std::vector<VersionShare>& versions) {
  double given = 0;
  size_t open = 1;
  for (const VersionShare& share : versions) {
    given += share.weight;
    open += share.weight == 0;
  }
  const double each = (100 - given) / static_cast<double>(open);
  if (each < 0.01) {
    return FailAt(where,
                  "the weights of versions add up to " + ShortestDouble(given) +
                      " percent: nothing is left for the others",
                  "keep a share for the stable version");
  }
  for (VersionShare& share : versions) {
    if (share.weight == 0) share.weight = each;
  }
  return {};
}

Status ReadVersions(const YamlNode* node, const Position& where, Strategy& strategy) {
  const std::string needs = "strategy " + std::string(KindName(strategy.kind)) +
                            " needs versions: 1 to " + std::to_string(kMaxVersions) +
                            " besides the stable one";
  if (node == nullptr) return FailAt(where, needs, "as in versions: [4, {version: 5, weight: 20}]");
  if (!node->IsList() || node->items.empty() || node->items.size() > kMaxVersions) {
    return FailAt(node->where, needs + ", got " + Shown(*node),
                  "as in versions: [4, {version: 5, weight: 20}]");
  }
  for (size_t i = 0; i < node->items.size(); ++i) {
    const std::string path = "versions[" + std::to_string(i) + "]";
    QUERN_ASSIGN(VersionShare share, ReadVersion(node->items[i], path));
    for (const VersionShare& other : strategy.versions) {
      if (other.version == share.version) {
        return FailAt(node->items[i].where, path + ": version '" + share.version + "' stands twice",
                      "name each version once");
      }
    }
    strategy.versions.push_back(std::move(share));
  }
  return FillWeights(node->where, strategy.versions);
}

/// What no single setting can say.
Status CheckTogether(const YamlNode& map, Strategy& s) {
  const auto at = [&](std::string_view section, std::string_view key) {
    const YamlNode* node = map.Find(section);
    const YamlNode* value = node != nullptr ? node->Find(key) : nullptr;
    return value != nullptr ? value->where : node != nullptr ? node->where : map.where;
  };
  const int keys = !s.key.header.empty() + !s.key.cookie.empty() + !s.key.field.empty();
  if (keys > 1) {
    return FailAt(at("key", ""), "key names " + std::to_string(keys) + " places",
                  "keep one of header, cookie and field");
  }
  const YamlNode* judge = map.Find("judge");
  if (s.judge.latency_ms > 0 && (judge == nullptr || judge->Find("latency") == nullptr)) {
    s.judge.latency = Watch::kRequire;
  }
  if (s.judge.latency != Watch::kOff && s.judge.latency_ms <= 0) {
    return FailAt(at("judge", "latency"), "judge.latency needs judge.latency_ms",
                  "say after how many milliseconds an answer is late");
  }
  if (s.judge.margin <= s.judge.tolerate) {
    return FailAt(at("judge", "margin"),
                  "judge.margin " + ShortestDouble(s.judge.margin) +
                      " must be greater than judge.tolerate " + ShortestDouble(s.judge.tolerate),
                  "between them lies what is neither harm nor proven harmless");
  }
  if (s.judge.at_most <= s.judge.at_least) {
    return FailAt(at("judge", "at_most"), "judge.at_most must be longer than judge.at_least",
                  "give the comparison time to come to a verdict");
  }
  const double arms = static_cast<double>(s.versions.size() + 1);
  if (s.kind == StrategyKind::kBandit && s.bandit.floor * arms > 100) {
    return FailAt(at("bandit", "floor"),
                  "bandit.floor " + ShortestDouble(s.bandit.floor) + " percent for " +
                      ShortestDouble(arms) + " versions is more than all",
                  "choose at most " + ShortestDouble(100 / arms));
  }
  return {};
}

Result<StrategyKind> ReadKind(const YamlNode& map) {
  const YamlNode* node = map.Find("strategy");
  if (node == nullptr) return StrategyKind::kBasic;
  return ReadWord<StrategyKind>(*node, "strategy", kKindNames);
}

}  // namespace

Result<Strategy> ParseStrategy(const YamlNode* node, std::span<const std::string> others) {
  Strategy strategy;
  if (node == nullptr || node->IsNull()) return strategy;
  if (!node->IsMap()) {
    return FailAt(node->where, "deployment must be a map, got " + Shown(*node),
                  "as in {strategy: canary, steps: [1, 5, 25]}");
  }
  QUERN_ASSIGN(strategy.kind, ReadKind(*node));
  if (strategy.kind == StrategyKind::kShadow) strategy.shadow = {86400, 1000};
  std::vector<std::string> known{"strategy"};
  known.insert(known.end(), others.begin(), others.end());
  QUERN_TRY(ReadSettings(*node, "", strategy, known));

  const uint32_t bit = 1u << static_cast<uint32_t>(strategy.kind);
  for (const Setting& setting : Settings()) {
    if (setting.section.empty()) continue;
    const std::string section(setting.section);
    const bool seen = std::find(known.begin(), known.end(), section) != known.end();
    if ((setting.kinds & bit) == 0 || seen) continue;
    known.push_back(section);
    const YamlNode* map = node->Find(section);
    if (map == nullptr) continue;
    std::vector<std::string> keys;
    QUERN_TRY(ReadSettings(*map, section, strategy, keys));
    QUERN_TRY(CheckKeys(*map, section, keys));
  }
  if (strategy.kind == StrategyKind::kCanary) {
    known.emplace_back("steps");
    QUERN_TRY(ReadSteps(node->Find("steps"), strategy));
  }
  if (strategy.kind == StrategyKind::kAb || strategy.kind == StrategyKind::kBandit) {
    known.emplace_back("versions");
    QUERN_TRY(ReadVersions(node->Find("versions"), node->where, strategy));
  }
  QUERN_TRY(CheckKeys(*node, "deployment", known));
  QUERN_TRY(CheckTogether(*node, strategy));
  return strategy;
}

}  // namespace quern::deploy
