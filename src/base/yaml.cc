#include "base/yaml.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "base/text.h"

namespace quern {
namespace {

constexpr int kMaxDepth = 64;

Position PositionOf(const YAML::Mark& mark, const std::string& file) {
  if (mark.is_null()) return {file, 0, 0};
  return {file, mark.line + 1, mark.column + 1};
}

Result<YamlNode> Convert(const YAML::Node& in, const std::string& file, int depth) {
  YamlNode out;
  out.where = PositionOf(in.Mark(), file);
  if (depth > kMaxDepth) return FailAt(out.where, "nested deeper than 64 levels");
  switch (in.Type()) {
    case YAML::NodeType::Undefined:
    case YAML::NodeType::Null:
      return out;
    case YAML::NodeType::Scalar:
      out.kind = YamlNode::Kind::kScalar;
      out.scalar = in.Scalar();
      // yaml-cpp marks a quoted scalar with the tag "!", a plain one with "?".
      out.quoted = in.Tag() == "!";
      return out;
    case YAML::NodeType::Sequence:
      out.kind = YamlNode::Kind::kList;
      for (const YAML::Node& item : in) {
        QUERN_ASSIGN(YamlNode child, Convert(item, file, depth + 1));
        out.items.push_back(std::move(child));
      }
      return out;
    case YAML::NodeType::Map:
      out.kind = YamlNode::Kind::kMap;
      for (const auto& pair : in) {
        YamlEntry entry;
        entry.where = PositionOf(pair.first.Mark(), file);
        if (!pair.first.IsScalar()) return FailAt(entry.where, "a key must be plain text");
        entry.key = pair.first.Scalar();
        if (out.Find(entry.key) != nullptr) {
          return FailAt(entry.where, "key '" + entry.key + "' stands here twice",
                        "keep one of them");
        }
        QUERN_ASSIGN(entry.value, Convert(pair.second, file, depth + 1));
        out.entries.push_back(std::move(entry));
      }
      return out;
  }
  return out;
}

Position PositionOfByte(std::string_view text, size_t offset, const std::string& file) {
  const std::string_view before = text.substr(0, offset);
  const size_t line_start = before.rfind('\n') + 1;
  return {file, static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
          static_cast<int>(offset - line_start) + 1};
}

}  // namespace

std::unexpected<Error> FailAt(const Position& where, std::string message, std::string hint) {
  return Fail(Code::kInvalidArgument, std::move(message), std::move(hint), where);
}

Result<YamlNode> ParseYaml(std::string_view text, std::string_view file_name) {
  const std::string file(file_name);
  if (auto bad = FindInvalidUtf8(text)) {
    return FailAt(PositionOfByte(text, *bad, file), "this byte is not UTF-8 text",
                  "save the file as UTF-8");
  }
  try {
    return Convert(YAML::Load(std::string(text)), file, 0);
  } catch (const YAML::Exception& e) {
    return FailAt(PositionOf(e.mark, file), "not valid YAML: " + e.msg,
                  "look at brackets, quotes and indentation here and in the lines above");
  }
}

const YamlNode* YamlNode::Find(std::string_view key) const {
  for (const YamlEntry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

std::string_view YamlNode::KindName() const {
  switch (kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kScalar:
      return "a single value";
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a map";
  }
  return "";
}

Result<std::string> YamlNode::AsText() const {
  if (!IsScalar()) return FailAt(where, "expected text, got " + std::string(KindName()));
  return scalar;
}

Result<double> YamlNode::AsNumber() const {
  const auto number = IsScalar() ? ParseDouble(scalar) : std::nullopt;
  if (!number) {
    return FailAt(where, "expected a number, got " +
                             (IsScalar() ? "'" + scalar + "'" : std::string(KindName())));
  }
  return *number;
}

Result<int64_t> YamlNode::AsInt() const {
  const auto number = IsScalar() ? ParseInt(scalar) : std::nullopt;
  if (!number) {
    return FailAt(where, "expected a whole number, got " +
                             (IsScalar() ? "'" + scalar + "'" : std::string(KindName())));
  }
  return *number;
}

Result<bool> YamlNode::AsBool() const {
  if (IsScalar() && !quoted) {
    if (scalar == "true" || scalar == "True" || scalar == "yes") return true;
    if (scalar == "false" || scalar == "False" || scalar == "no") return false;
  }
  return FailAt(where, "expected true or false, got " +
                           (IsScalar() ? "'" + scalar + "'" : std::string(KindName())));
}

Result<std::vector<std::string>> YamlNode::AsTextList() const {
  if (IsScalar()) return std::vector<std::string>{scalar};
  if (IsNull()) return std::vector<std::string>{};
  if (!IsList()) return FailAt(where, "expected a list, got " + std::string(KindName()));
  std::vector<std::string> out;
  for (const YamlNode& item : items) {
    QUERN_ASSIGN(std::string text, item.AsText());
    out.push_back(std::move(text));
  }
  return out;
}

YamlMap::YamlMap(const YamlNode* node, std::string what) : node_(node), what_(std::move(what)) {}

Position YamlMap::where() const { return node_ != nullptr ? node_->where : Position{}; }

const YamlNode* YamlMap::Get(std::string_view key) {
  asked_.emplace_back(key);
  return node_ != nullptr ? node_->Find(key) : nullptr;
}

namespace {

/// Names the key, for the reader of a node knows only its value.
template <class T>
Result<T> Named(Result<T> value, std::string_view key, const char* hint) {
  if (value) return value;
  Error error = value.error();
  error.message = std::string(key) + ": " + error.message;
  error.hint = hint;
  return std::unexpected(std::move(error));
}

}  // namespace

Result<std::string> YamlMap::Text(std::string_view key, std::string_view fallback) {
  const YamlNode* node = Get(key);
  if (node == nullptr) return std::string(fallback);
  return Named(node->AsText(), key, "write one value");
}

Result<double> YamlMap::Number(std::string_view key, double fallback) {
  const YamlNode* node = Get(key);
  if (node == nullptr) return fallback;
  return Named(node->AsNumber(), key, "write a number, as in 0.2");
}

Result<int64_t> YamlMap::Int(std::string_view key, int64_t fallback) {
  const YamlNode* node = Get(key);
  if (node == nullptr) return fallback;
  return Named(node->AsInt(), key, "write a whole number, as in 5");
}

Result<bool> YamlMap::Bool(std::string_view key, bool fallback) {
  const YamlNode* node = Get(key);
  if (node == nullptr) return fallback;
  return Named(node->AsBool(), key, "write true or false");
}

Result<std::vector<std::string>> YamlMap::TextList(std::string_view key) {
  const YamlNode* node = Get(key);
  if (node == nullptr) return std::vector<std::string>{};
  return node->AsTextList();
}

Result<std::string> YamlMap::Choice(std::string_view key, std::string_view fallback,
                                    const std::vector<std::string>& allowed) {
  const YamlNode* node = Get(key);
  if (node == nullptr) return std::string(fallback);
  QUERN_ASSIGN(std::string text, node->AsText());
  if (std::find(allowed.begin(), allowed.end(), text) == allowed.end()) {
    return FailAt(node->where, "'" + text + "' is not a value of " + std::string(key),
                  SuggestName(text, allowed));
  }
  return text;
}

Result<std::string> YamlMap::RequiredText(std::string_view key) {
  const YamlNode* node = Get(key);
  if (node == nullptr || node->IsNull()) {
    return FailAt(where(), what_ + " needs '" + std::string(key) + "'");
  }
  return node->AsText();
}

Status YamlMap::Finish() const {
  if (node_ == nullptr || node_->IsNull()) return {};
  if (!node_->IsMap()) {
    return FailAt(node_->where, what_ + " must be a map, got " + std::string(node_->KindName()));
  }
  for (const YamlEntry& entry : node_->entries) {
    if (std::find(asked_.begin(), asked_.end(), entry.key) == asked_.end()) {
      return FailAt(entry.where, "unknown key '" + entry.key + "' in " + what_,
                    SuggestName(entry.key, asked_));
    }
  }
  return {};
}

}  // namespace quern
