#pragma once
// YAML with positions: a plain tree that keeps where every key and value stood. yaml-cpp stays in
// yaml.cc.
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace quern {

struct YamlNode;
struct YamlEntry;

struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  std::string scalar;
  /// A quoted scalar is text even if it looks like a number.
  bool quoted = false;
  std::vector<YamlNode> items;
  std::vector<YamlEntry> entries;
  Position where;

  bool IsMap() const { return kind == Kind::kMap; }
  bool IsList() const { return kind == Kind::kList; }
  bool IsScalar() const { return kind == Kind::kScalar; }
  bool IsNull() const { return kind == Kind::kNull; }
  /// The value under `key`, or null.
  const YamlNode* Find(std::string_view key) const;
  /// "a map", "a list", "text", … for messages.
  std::string_view KindName() const;

  /// Typed readers: kInvalidArgument "expected a number, got 'x'" at the node's position.
  Result<std::string> AsText() const;
  Result<double> AsNumber() const;
  Result<int64_t> AsInt() const;
  Result<bool> AsBool() const;
  /// A list of scalars, or one scalar as a list of one.
  Result<std::vector<std::string>> AsTextList() const;
};

struct YamlEntry {
  std::string key;
  Position where;
  YamlNode value;
};

/// Parses one document. Duplicate keys, anchors that recurse and syntax errors are kInvalidArgument
/// at their position; text that is not UTF-8 names its line.
Result<YamlNode> ParseYaml(std::string_view text, std::string_view file_name);

/// Reads the keys of one map and then complains about those nobody asked for.
///   YamlMap map(node, "training");
///   QUERN_ASSIGN(seed, map.Int("seed", 0));
///   QUERN_TRY(map.Finish());   // unknown key 'sede' in training: did you mean 'seed'?
/// Not thread-safe; borrows the node.
class YamlMap {
 public:
  /// `what` names the map in messages. A null node reads as an empty map, another kind fails in
  /// Finish().
  YamlMap(const YamlNode* node, std::string what);
  const YamlNode* Get(std::string_view key);
  Result<std::string> Text(std::string_view key, std::string_view fallback);
  Result<double> Number(std::string_view key, double fallback);
  Result<int64_t> Int(std::string_view key, int64_t fallback);
  Result<bool> Bool(std::string_view key, bool fallback);
  Result<std::vector<std::string>> TextList(std::string_view key);
  /// One of `allowed`, else kInvalidArgument with a suggestion.
  Result<std::string> Choice(std::string_view key, std::string_view fallback,
                             const std::vector<std::string>& allowed);
  /// Like Text, but absent is kInvalidArgument.
  Result<std::string> RequiredText(std::string_view key);
  Status Finish() const;
  Position where() const;

 private:
  const YamlNode* node_;
  std::string what_;
  std::vector<std::string> asked_;
};

/// An error at a node.
std::unexpected<Error> FailAt(const Position& where, std::string message, std::string hint = {});

}  // namespace quern
