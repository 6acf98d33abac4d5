#include <algorithm>

#include "base/text.h"
#include "expr/expr.h"
#include "pipeline/project.h"

namespace quern::pipeline {
namespace {

Result<std::vector<data::SourceSpec>> ParseSources(const YamlNode* node,
                                                   const YamlNode* defaults_node,
                                                   const Position& where) {
  if (node == nullptr || !node->IsMap() || node->entries.empty()) {
    return FailAt(node != nullptr ? node->where : where,
                  "data needs sources: a map of name to file",
                  "as in sources: {cleveland: {csv: data/cleveland.csv}}");
  }
  QUERN_ASSIGN(const data::SourceSpec defaults, data::ParseSourceDefaults(defaults_node));
  std::vector<data::SourceSpec> sources;
  for (const YamlEntry& entry : node->entries) {
    QUERN_ASSIGN(data::SourceSpec source, data::ParseSource(entry.key, entry.value, defaults));
    const bool plain = entry.key.find_first_not_of(
                           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                           "0123456789_-") == std::string::npos;
    if (!plain) {
      return FailAt(entry.where, "source name '" + entry.key +
                                     "' has other characters than letters, digits, "
                                     "'_' and '-'");
    }
    sources.push_back(std::move(source));
  }
  return sources;
}

Result<TargetSpec> ParseTarget(const YamlNode* node, const Position& where) {
  if (node == nullptr) {
    return FailAt(where, "data needs a target: what is to be predicted",
                  "as in target: {name: disease, expr: \"num > 0\"}");
  }
  TargetSpec target;
  if (node->IsScalar()) {
    target.expression = node->scalar;
    target.where = node->where;
  } else {
    YamlMap map(node, "data.target");
    QUERN_ASSIGN(target.name, map.Text("name", target.name));
    QUERN_ASSIGN(target.expression, map.RequiredText("expr"));
    target.where = map.Get("expr")->where;
    QUERN_ASSIGN(target.positive, map.Text("positive", ""));
    QUERN_ASSIGN(target.task, map.Choice("task", "", {"binary", "multiclass", "regression"}));
    QUERN_TRY(map.Finish());
  }
  // Syntax now, columns once they are known.
  QUERN_TRY(expr::Parse(target.expression, target.where));
  return target;
}

}  // namespace

Result<DataSpec> ParseData(const YamlNode* node) {
  DataSpec spec;
  YamlMap map(node, "data");
  QUERN_ASSIGN(spec.sources, ParseSources(map.Get("sources"), map.Get("defaults"), map.where()));
  QUERN_ASSIGN(spec.train, map.TextList("train"));
  QUERN_ASSIGN(spec.target, ParseTarget(map.Get("target"), map.where()));
  QUERN_ASSIGN(spec.columns, data::ParseColumns(map.Get("columns")));
  QUERN_ASSIGN(spec.ignore, map.TextList("ignore"));
  QUERN_ASSIGN(spec.key, map.Text("key", ""));
  QUERN_ASSIGN(spec.time, map.Text("time", ""));
  QUERN_ASSIGN(spec.group, map.Text("group", ""));
  QUERN_ASSIGN(spec.expectations, data::ParseExpectations(map.Get("expectations")));
  QUERN_TRY(map.Finish());
  return spec;
}

}  // namespace quern::pipeline
