#pragma once
// Inside of exchange/ only: writes an mlruns folder, file by file, as MLflow's FileStore reads it.
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/fs.h"
#include "base/result.h"
#include "exchange/report.h"
#include "registry/transfer.h"
#include "tracking/transfer.h"

namespace quern::exchange {

/// The fields of one meta.yaml, in the order in which they are added.
class MetaText {
 public:
  MetaText& Text(std::string_view key, std::string_view value);
  /// Null for "".
  MetaText& TextOrNull(std::string_view key, std::string_view value);
  MetaText& Int(std::string_view key, int64_t value);
  MetaText& IntOrNull(std::string_view key, const std::optional<int64_t>& value);
  MetaText& Map(std::string_view key, const tracking::Texts& values);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// Grows below `folder`; what is written says that it lies in `place`. What a folder of files
/// cannot hold is told to `report` and left out: a name longer than the file system takes, or one
/// that is also the beginning of another's path. One thread; borrows `fs` and `report`.
class FolderWriter {
 public:
  FolderWriter(std::string folder, std::string place, Fs& fs, Report& report)
      : folder_(std::move(folder)), place_(std::move(place)), fs_(fs), report_(report) {}

  /// Paths below the folder: that of an experiment depends on whether it is deleted.
  static std::string PathOf(const tracking::Experiment& experiment);
  static std::string PathOf(const tracking::Experiment& experiment, const tracking::RunRecord& run);
  static std::string PathOf(const tracking::Experiment& experiment,
                            const tracking::ModelRecord& model);
  static std::string PathOf(const registry::ModelVersion& version);
  /// The URI of a path, as it will be once the folder is in its place.
  std::string UriOf(const std::string& path) const;

  Status Begin();
  Status Write(const tracking::Experiment& experiment);
  /// `models`: those of the experiment, which know what datasets the run's values are of.
  Status Write(const tracking::Experiment& experiment, const tracking::RunRecord& run,
               const std::vector<tracking::ModelRecord>& models);
  Status Write(const tracking::Experiment& experiment, const tracking::ModelRecord& model);
  Status Write(const registry::ModelRecord& model);
  /// A new file, for the caller to fill.
  Result<std::unique_ptr<FileWriter>> Create(const std::string& path);

 private:
  Status WriteFile(const std::string& path, std::string_view content);
  Status WriteMeta(const std::string& folder, const MetaText& meta);
  Status WriteKeys(const std::string& folder, const tracking::Texts& texts);
  Status WriteLinks(const std::string& experiment, const std::string& run_folder,
                    const tracking::RunRecord& run);
  /// The keys that can be names of files beside each other.
  std::vector<std::string> Fitting(const std::string& folder, const std::vector<std::string>& keys);
  std::string folder_;
  std::string place_;
  Fs& fs_;
  Report& report_;
  std::set<std::string> made_;  // folders
};

}  // namespace quern::exchange
