#pragma once
// Inside of exchange/ only: the small files of an mlruns folder. A key is a path below its folder,
// "val/loss", and the file holds its value; the rest of a thing stands in its meta.yaml.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/fs.h"
#include "base/result.h"
#include "base/yaml.h"
#include "exchange/report.h"
#include "tracking/transfer.h"

namespace quern::exchange {

/// A meta.yaml, read leniently: MLflow has added and dropped fields over the years.
class Meta {
 public:
  /// Of a folder. kNotFound without the file; kInvalidArgument at its line for what is no map.
  static Result<Meta> Read(Fs& fs, const std::string& folder);

  /// "" for an absent field and for null. A number is given as its digits.
  std::string Text(std::string_view key) const;
  /// Nothing for an absent field and for null. The first field that is no whole number is kept as
  /// the error.
  std::optional<int64_t> Int(std::string_view key);
  int64_t IntOr(std::string_view key, int64_t fallback) { return Int(key).value_or(fallback); }
  tracking::Texts Map(std::string_view key) const;
  /// kInvalidArgument, at the field's line.
  std::unexpected<Error> Bad(std::string_view key, const std::string& message) const;
  Status status() const { return status_; }

 private:
  explicit Meta(YamlNode root) : root_(std::move(root)) {}
  YamlNode root_;
  Status status_;
};

/// Folders below `folder`, by name, without hidden ones; none if it does not exist.
std::vector<std::string> Subfolders(Fs& fs, const std::string& folder);

/// Calls `visit` per file below `folder`, at any depth, with its key and content. A file that
/// cannot be read, or is no UTF-8, is told to `report`.
void EachKey(Fs& fs, const std::string& folder, Report& report,
             const std::function<void(const std::string& key, const std::string& path,
                                      std::string content)>& visit);
/// The same as keys and values.
tracking::Texts ReadKeys(Fs& fs, const std::string& folder, Report& report);

/// One line of a file of metrics, "TIME VALUE STEP" and what a caller expects after these.
struct MetricLine {
  tracking::Point point;
  std::vector<std::string> rest;
};
/// Calls `visit` per line of `content`. `visit` returns whether what stands after the step is in
/// order; lines that are not are told to `report` with file and line.
void EachMetricLine(const std::string& path, const std::string& content, Report& report,
                    const std::function<bool(MetricLine line)>& visit);

}  // namespace quern::exchange
