#pragma once
// Where an import reads from, as a port: a folder, a database or a server of MLflow's.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fs.h"
#include "base/result.h"
#include "exchange/report.h"
#include "registry/transfer.h"
#include "tracking/transfer.h"

namespace quern::exchange {

/// The files of one run, logged model or model version. Made by a source, which it must not
/// outlive.
class ArtifactTree {
 public:
  virtual ~ArtifactTree() = default;
  /// Calls `visit` per file, with its path below the tree's root and its size. Stops at the first
  /// error.
  virtual Status EachFile(
      const std::function<Status(const std::string& path, uint64_t size)>& visit) = 0;
  /// The bytes of one file, in pieces.
  virtual Status Read(const std::string& path,
                      const std::function<Status(std::string_view bytes)>& sink) = 0;
  /// What EachFile passed over, because it is no file of the tree's own.
  const std::vector<std::string>& left_out() const { return left_out_; }

 protected:
  std::vector<std::string> left_out_;
};

/// Whose artifacts are asked for.
struct ArtifactOwner {
  enum class Kind { kRun, kLoggedModel, kVersion };
  Kind kind = Kind::kRun;
  int64_t experiment_id = 0;  // as the source numbers them
  std::string id;             // of a version: "name/3"
  std::string uri;            // as the source has it
};

/// Records come with the ids of the source. What is damaged is told to `report` and left out; an
/// error that a call returns ends the import. One thread.
class MlflowSource {
 public:
  virtual ~MlflowSource() = default;

  template <class Record>
  using Visit = std::function<Status(Record record)>;

  /// Of all states.
  virtual Result<std::vector<tracking::Experiment>> Experiments(Report& report) = 0;
  /// The runs of an experiment, deleted ones too. A record has its `info` and `deleted_ms`, and may
  /// lack the rest until it is completed, within `visit`.
  virtual Status EachRun(const tracking::Experiment& experiment, Report& report,
                         const Visit<tracking::RunRecord>& visit) = 0;
  virtual Status Complete(tracking::RunRecord& record, Report& report) = 0;
  virtual Status EachLoggedModel(const tracking::Experiment& experiment, Report& report,
                                 const Visit<tracking::ModelRecord>& visit) = 0;
  virtual Status EachRegisteredModel(Report& report, const Visit<registry::ModelRecord>& visit) = 0;

  /// kNotFound: the files cannot be reached, and why. kUnimplemented: they lie in a store that
  /// clients reach by themselves (s3://…), and stay there.
  virtual Result<std::unique_ptr<ArtifactTree>> Artifacts(const ArtifactOwner& owner) = 0;
};

struct SourceOptions {
  /// A folder `mlruns`, a file `mlflow.db` (also as sqlite:///…), or http://host:port.
  std::string name;
  /// The folder that was --artifacts-destination of the server of a folder or database. "": the
  /// folder `mlartifacts` beside it, MLflow's default.
  std::string artifacts;
  /// To give to a server, as MLflow's clients do: MLFLOW_TRACKING_USERNAME and so on.
  std::function<const char*(const char* name)> environment;
};

/// kNotFound for a path where nothing is; kInvalidArgument, kDataLoss, kFailedPrecondition for what
/// is none of the three; kUnavailable for a server that does not answer.
Result<std::unique_ptr<MlflowSource>> OpenMlflowSource(const SourceOptions& options, Fs& fs);

}  // namespace quern::exchange
