#include "data/source.h"

#include <array>
#include <utility>

#include "base/fs.h"
#include "base/text.h"

namespace quern::data {
namespace {

constexpr std::array<std::pair<ColumnType, std::string_view>, 5> kColumnTypes = {{
    {ColumnType::kNumber, "number"},
    {ColumnType::kCategory, "category"},
    {ColumnType::kText, "text"},
    {ColumnType::kTime, "time"},
    {ColumnType::kBoolean, "boolean"},
}};

SourceKind KindOfPath(std::string_view path) {
  const std::string lower = ToLower(path);
  return lower.ends_with(".parquet") || lower.ends_with(".pq") ? SourceKind::kParquet
                                                               : SourceKind::kCsv;
}

Status ReadDelimiter(YamlMap& map, SourceSpec& spec) {
  QUERN_ASSIGN(std::string text, map.Text("delimiter", spec.delimiter));
  if (text == "tab" || text == "\\t") text = "\t";
  if (text == "auto") text.clear();
  if (text.size() > 1 || text == "\"" || text == "\n" || text == "\r") {
    return FailAt(map.Get("delimiter")->where, "'" + text + "' cannot separate fields",
                  "one character, such as ',' or ';', or tab, or auto");
  }
  spec.delimiter = text;
  return {};
}

Status ReadHeader(YamlMap& map, SourceSpec& spec) {
  const YamlNode* node = map.Get("header");
  if (node == nullptr) return {};
  if (node->IsScalar() && node->scalar == "auto") {
    spec.header.reset();
    return {};
  }
  QUERN_ASSIGN(spec.header, node->AsBool());
  return {};
}

Status ReadRejects(YamlMap& map, SourceSpec& spec) {
  const YamlNode* node = map.Get("max_rejects");
  if (node == nullptr) return {};
  QUERN_ASSIGN(spec.max_rejects, node->AsInt());
  if (*spec.max_rejects < -1) {
    return FailAt(node->where, "max_rejects cannot be " + node->scalar,
                  "a number of rows, or -1 for any number");
  }
  return {};
}

/// The keys that an entry and the defaults share.
Status ReadCommon(YamlMap& map, SourceSpec& spec) {
  QUERN_TRY(ReadDelimiter(map, spec));
  QUERN_TRY(ReadHeader(map, spec));
  QUERN_TRY(ReadRejects(map, spec));
  QUERN_ASSIGN(const std::string encoding,
               map.Choice("encoding", spec.encoding.empty() ? "auto" : spec.encoding,
                          {"auto", "utf-8", "latin1", "utf-16"}));
  spec.encoding = encoding == "auto" ? "" : encoding;
  QUERN_ASSIGN(spec.decimal, map.Choice("decimal", spec.decimal, {".", ","}));
  if (map.Get("names") != nullptr) {
    QUERN_ASSIGN(spec.names, map.TextList("names"));
  }
  if (map.Get("missing") != nullptr) {
    QUERN_ASSIGN(spec.missing, map.TextList("missing"));
  }
  QUERN_ASSIGN(spec.key, map.Text("key", spec.key));
  QUERN_ASSIGN(spec.time, map.Text("time", spec.time));
  if (spec.decimal == "," && spec.delimiter == ",") {
    return FailAt(map.where(), "a comma cannot separate both fields and decimals",
                  "set delimiter: ';'");
  }
  return {};
}

}  // namespace

std::string_view SourceKindName(SourceKind kind) {
  return kind == SourceKind::kCsv ? "csv" : "parquet";
}

std::string SourceSpec::File() const { return JoinPath(root, path); }

const std::vector<std::string>& DefaultMissing() {
  static const std::vector<std::string> kDefault = {"?",   "NA",   "N/A",  "NaN",
                                                    "nan", "NULL", "null", "None"};
  return kDefault;
}

std::string_view ColumnTypeName(ColumnType type) {
  for (const auto& [each, name] : kColumnTypes) {
    if (each == type) return name;
  }
  return "";
}

Result<ColumnType> ParseColumnType(std::string_view name, const Position& where) {
  std::vector<std::string> known;
  for (const auto& [type, text] : kColumnTypes) {
    if (text == name) return type;
    known.emplace_back(text);
  }
  return FailAt(where, "there is no column type '" + std::string(name) + "'",
                SuggestName(name, known));
}

Result<SourceSpec> ParseSource(const std::string& name, const YamlNode& node,
                               const SourceSpec& defaults) {
  SourceSpec spec = defaults;
  spec.name = name;
  spec.where = node.where;
  if (node.IsScalar()) {
    spec.path = node.scalar;
    spec.kind = KindOfPath(spec.path);
    return spec;
  }
  YamlMap map(&node, "source '" + name + "'");
  const YamlNode* csv = map.Get("csv");
  const YamlNode* parquet = map.Get("parquet");
  QUERN_TRY(ReadCommon(map, spec));
  QUERN_TRY(map.Finish());
  if ((csv == nullptr) == (parquet == nullptr)) {
    return FailAt(node.where,
                  "source '" + name + "' names " + (csv == nullptr ? "no file" : "two files"),
                  "write csv: PATH or parquet: PATH");
  }
  spec.kind = csv != nullptr ? SourceKind::kCsv : SourceKind::kParquet;
  QUERN_ASSIGN(spec.path, (csv != nullptr ? csv : parquet)->AsText());
  if (spec.path.empty()) return FailAt(node.where, "source '" + name + "' has an empty path");
  return spec;
}

Result<SourceSpec> ParseSourceDefaults(const YamlNode* node) {
  SourceSpec spec;
  YamlMap map(node, "the defaults of sources");
  QUERN_TRY(ReadCommon(map, spec));
  QUERN_TRY(map.Finish());
  return spec;
}

Result<ColumnDecls> ParseColumns(const YamlNode* node) {
  ColumnDecls columns;
  if (node == nullptr || node->IsNull()) return columns;
  if (!node->IsMap()) {
    return FailAt(node->where, "columns must be a map, not " + std::string(node->KindName()),
                  "for example: sex: {type: category}");
  }
  for (const YamlEntry& entry : node->entries) {
    ColumnDecl column;
    column.name = entry.key;
    column.where = entry.where;
    const YamlNode* type = &entry.value;
    if (entry.value.IsMap()) {
      YamlMap map(&entry.value, "column '" + entry.key + "'");
      type = map.Get("type");
      QUERN_TRY(map.Finish());
    }
    if (type == nullptr || !type->IsScalar()) {
      return FailAt(entry.where, "column '" + entry.key + "' has no type",
                    "for example: {type: category}");
    }
    QUERN_ASSIGN(column.type, ParseColumnType(type->scalar, type->where));
    columns.push_back(std::move(column));
  }
  return columns;
}

SourceSpec SourceOfFile(const std::string& path) {
  SourceSpec spec;
  spec.path = path;
  spec.kind = KindOfPath(path);
  const std::string base = BaseName(path);
  spec.name = base.substr(0, base.find('.'));
  return spec;
}

}  // namespace quern::data
