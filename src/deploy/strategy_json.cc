#include <boost/json.hpp>

#include "base/text.h"
#include "deploy/strategy.h"
#include "deploy/strategy_names.h"

namespace quern::deploy {
namespace {

/// The same tree as YAML gives; the place of a node is its path.
YamlNode FromJson(const json::value& value, const std::string& path) {
  YamlNode node;
  node.where.file = path;
  if (value.is_null()) return node;
  if (const json::object* object = value.if_object()) {
    node.kind = YamlNode::Kind::kMap;
    for (const auto& [key, item] : *object) {
      const std::string name(key);
      const std::string below = path.empty() ? name : path + "." + name;
      node.entries.push_back({name, Position{below, 0, 0}, FromJson(item, below)});
    }
    return node;
  }
  if (const json::array* array = value.if_array()) {
    node.kind = YamlNode::Kind::kList;
    for (size_t i = 0; i < array->size(); ++i) {
      node.items.push_back(FromJson((*array)[i], path + "[" + std::to_string(i) + "]"));
    }
    return node;
  }
  node.kind = YamlNode::Kind::kScalar;
  node.quoted = value.is_string();
  if (node.quoted) {
    node.scalar = std::string(value.get_string());
  } else {
    node.scalar = WriteJson(value);
  }
  return node;
}

}  // namespace

Result<Strategy> ParseStrategy(const json::value& value) {
  const YamlNode node = FromJson(value, "");
  return ParseStrategy(&node);
}

json::value StrategyJson(const Strategy& strategy) {
  Strategy copy = strategy;
  const uint32_t bit = 1u << static_cast<uint32_t>(strategy.kind);
  json::object out{{"strategy", KindName(strategy.kind)}};
  struct Write {
    SettingUnit unit;
    json::value operator()(const double* value) const {
      if (unit == SettingUnit::kSeconds) return json::string(ShortestDouble(*value) + "s");
      return *value;
    }
    json::value operator()(const uint64_t* value) const { return *value; }
    json::value operator()(const bool* value) const { return *value; }
    json::value operator()(const std::string* value) const { return json::string(*value); }
    json::value operator()(const Watch* value) const { return json::string(NameOf(*value)); }
    json::value operator()(const BanditMethod* value) const { return json::string(NameOf(*value)); }
  };
  for (const Setting& setting : Settings()) {
    if ((setting.kinds & bit) == 0) continue;
    json::value value = std::visit(Write{setting.unit}, setting.slot(copy));
    if (setting.section.empty()) {
      out[setting.name] = std::move(value);
      continue;
    }
    json::value& section = out[setting.section];
    if (!section.is_object()) section = json::object();
    section.as_object()[setting.name] = std::move(value);
  }
  for (const CanaryStep& step : strategy.steps) {
    json::value& steps = out["steps"];
    if (!steps.is_array()) steps = json::array();
    steps.as_array().push_back(json::object{{"weight", step.weight},
                                            {"for", ShortestDouble(step.stay.seconds) + "s"},
                                            {"requests", step.stay.requests}});
  }
  for (const VersionShare& share : strategy.versions) {
    json::value& versions = out["versions"];
    if (!versions.is_array()) versions = json::array();
    versions.as_array().push_back(
        json::object{{"version", share.version}, {"weight", share.weight}});
  }
  return out;
}

}  // namespace quern::deploy
