#pragma once
// Where a table comes from: one declared file, and what its columns are meant to be.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/yaml.h"

namespace quern::data {

enum class SourceKind { kCsv, kParquet };
/// "csv", "parquet".
std::string_view SourceKindName(SourceKind kind);

/// A declared file. A plain value.
struct SourceSpec {
  std::string name;
  SourceKind kind = SourceKind::kCsv;
  std::string path;  // as declared: relative to `root` unless absolute
  std::string root;  // the project's folder; "" is the current one
  // CSV only, gunzipped by itself if it begins with gzip's magic.
  std::string delimiter;  // one character; "" finds it among , ; tab |
  std::optional<bool>
      header;            // nothing finds out: a first line of names over lines that hold numbers
  std::string encoding;  // utf-8, latin1, utf-16; "" is utf-8 unless a byte-order mark says utf-16
  std::string decimal = ".";  // or ","
  // Both kinds.
  std::vector<std::string> names;  // new names of all columns, in order; empty keeps the file's
  /// Texts that mean "no value", besides the empty one; nothing takes DefaultMissing().
  std::optional<std::vector<std::string>> missing;
  /// Malformed rows that are put aside before the file is refused; -1 for any number, nothing for
  /// one in a hundred, and at least 10.
  std::optional<int64_t> max_rejects;
  std::string key;   // column that identifies a row; "" for none
  std::string time;  // column that says when a row was true; "" for none
  Position where;    // of the declaration, for complaints

  /// The path to open.
  std::string File() const;
};

/// "?", "NA", "N/A", "NaN", "nan", "NULL", "null", "None".
const std::vector<std::string>& DefaultMissing();

enum class ColumnType { kNumber, kCategory, kText, kTime, kBoolean };
/// "number", "category", "text", "time", "boolean".
std::string_view ColumnTypeName(ColumnType type);
Result<ColumnType> ParseColumnType(std::string_view name, const Position& where);

/// What a column is, and how it is stored: DOUBLE (numbers, booleans as 0 and 1, categories whose
/// values are all numbers), VARCHAR (text, other categories) or TIMESTAMP (times, UTC).
struct ColumnDecl {
  std::string name;
  ColumnType type = ColumnType::kNumber;
  /// "" decides from the values. Training decides; later sources are given what training found, so
  /// that a category is a number for all of them or for none.
  std::string physical;
  Position where;
};
using ColumnDecls = std::vector<ColumnDecl>;

/// One entry of `data.sources`: {csv: path, missing: ["?"], …} or {parquet: path}, or the path
/// alone as a scalar (its extension tells the kind). `defaults` gives what the entry leaves out.
/// Errors at their position: unknown keys, no path or two, a delimiter of several characters, an
/// unknown encoding.
Result<SourceSpec> ParseSource(const std::string& name, const YamlNode& node,
                               const SourceSpec& defaults = {});
/// `data.defaults`: the same keys without a path; a null node gives SourceSpec{}.
Result<SourceSpec> ParseSourceDefaults(const YamlNode* node);
/// `data.columns`: {sex: {type: category}} or {sex: category}; a null node is no columns.
Result<ColumnDecls> ParseColumns(const YamlNode* node);
/// A source for a plain file named on a command line.
SourceSpec SourceOfFile(const std::string& path);

}  // namespace quern::data
