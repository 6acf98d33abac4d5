#include <algorithm>

#include "base/text.h"
#include "pipeline/project.h"

namespace quern::pipeline {
namespace {

Status Merge(YamlNode& into, const YamlNode& from) {
  for (const YamlEntry& entry : from.entries) {
    if (const YamlNode* there = into.Find(entry.key)) {
      return FailAt(entry.where,
                    "key '" + entry.key + "' is already set at " + there->where.ToString(),
                    "keep it in one of the two files");
    }
    into.entries.push_back(entry);
  }
  return {};
}

Result<YamlNode> Load(const std::string& file, Fs& fs, std::vector<std::string>& open) {
  auto text = fs.Read(file);
  if (!text) return std::unexpected(text.error());
  QUERN_ASSIGN(YamlNode root, ParseYaml(*text, file));
  if (root.IsNull())
    return FailAt({file, 0, 0}, "'" + file + "' is empty", "`quern init` writes a first one");
  if (!root.IsMap())
    return FailAt(root.where, "a project file is a map, this is " + std::string(root.KindName()));
  open.push_back(file);
  const auto found = std::find_if(root.entries.begin(), root.entries.end(),
                                  [](const YamlEntry& entry) { return entry.key == "include"; });
  if (found != root.entries.end()) {
    const YamlNode include = found->value;
    root.entries.erase(found);
    QUERN_ASSIGN(const auto names, include.AsTextList());
    for (const std::string& name : names) {
      const std::string path = JoinPath(DirName(file), name);
      if (std::find(open.begin(), open.end(), path) != open.end()) {
        return FailAt(include.where,
                      "'" + path + "' includes itself: " + Join(open, " -> ") + " -> " + path,
                      "remove one of the includes");
      }
      auto part = Load(path, fs, open);
      if (!part) {
        Error error = part.error();
        if (error.where.line == 0) error.where = include.where;
        return std::unexpected(std::move(error));
      }
      QUERN_TRY(Merge(root, *part));
    }
  }
  open.pop_back();
  return root;
}

}  // namespace

Result<YamlNode> LoadDocument(const std::string& file, Fs& fs) {
  std::vector<std::string> open;
  return Load(file, fs, open);
}

Status SetValue(YamlNode& root, const std::string& path, const std::string& value) {
  QUERN_ASSIGN(YamlNode parsed, ParseYaml(value, "--set " + path));
  YamlNode* at = &root;
  for (std::string_view key : Split(path, '.')) {
    if (Trim(key).empty())
      return Fail(Code::kInvalidArgument, "--set " + path + ": empty key in the path");
    if (at->IsNull()) at->kind = YamlNode::Kind::kMap;
    if (!at->IsMap()) {
      return Fail(Code::kInvalidArgument, "--set " + path + ": '" + std::string(key) +
                                              "' is below " + std::string(at->KindName()));
    }
    auto entry = std::find_if(at->entries.begin(), at->entries.end(),
                              [&](const YamlEntry& e) { return e.key == key; });
    if (entry == at->entries.end()) {
      at->entries.push_back({std::string(key), {"--set " + path, 0, 0}, {}});
      entry = at->entries.end() - 1;
    }
    at = &entry->value;
  }
  *at = std::move(parsed);
  return {};
}

namespace {

void Flatten(const YamlNode& node, const std::string& name,
             std::vector<std::pair<std::string, std::string>>& out) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      out.emplace_back(name, "");
      return;
    case YamlNode::Kind::kScalar:
      out.emplace_back(name, node.scalar);
      return;
    case YamlNode::Kind::kList: {
      const bool scalars = std::all_of(node.items.begin(), node.items.end(),
                                       [](const YamlNode& item) { return item.IsScalar(); });
      if (scalars) {
        std::string text;
        for (const YamlNode& item : node.items) text += (text.empty() ? "" : ", ") + item.scalar;
        out.emplace_back(name, "[" + text + "]");
        return;
      }
      for (size_t i = 0; i < node.items.size(); ++i) {
        Flatten(node.items[i], name + "[" + std::to_string(i) + "]", out);
      }
      return;
    }
    case YamlNode::Kind::kMap:
      if (node.entries.empty()) out.emplace_back(name, "{}");
      for (const YamlEntry& entry : node.entries) Flatten(entry.value, name + "." + entry.key, out);
      return;
  }
}

}  // namespace

std::vector<std::pair<std::string, std::string>> Leaves(const YamlNode& root,
                                                        const std::string& section,
                                                        const std::vector<std::string>& except) {
  std::vector<std::pair<std::string, std::string>> out;
  const YamlNode* node = &root;
  for (std::string_view key : Split(section, '.')) {
    node = node->Find(key);
    if (node == nullptr) return out;
  }
  if (!node->IsMap()) {
    Flatten(*node, section, out);
    return out;
  }
  for (const YamlEntry& entry : node->entries) {
    if (std::find(except.begin(), except.end(), entry.key) != except.end()) continue;
    Flatten(entry.value, section + "." + entry.key, out);
  }
  return out;
}

}  // namespace quern::pipeline
