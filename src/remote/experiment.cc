#include "remote/experiment.h"

#include <boost/json.hpp>

#include "base/json_fields.h"
#include "base/text.h"

namespace quern::remote {
namespace {

constexpr char kByName[] = "experiments/get-by-name";

}  // namespace

Result<std::optional<ExperimentInfo>> Experiment::Read(const Result<json::value>& answer) {
  if (!answer && answer.error().code == Code::kNotFound) return std::optional<ExperimentInfo>();
  if (!answer) return std::unexpected(answer.error());
  const json::object& experiment = ObjectAt(*answer, "experiment");
  if (TextAt(experiment, "lifecycle_stage") == "deleted") {
    return Fail(Code::kFailedPrecondition,
                "experiment '" + name_ + "' of " + api_.url() + " is deleted",
                "restore it there, or give the project another name");
  }
  const MutexLock lock(mutex_);
  known_ =
      ExperimentInfo{TextAt(experiment, "experiment_id"), TextAt(experiment, "artifact_location")};
  return known_;
}

Result<std::optional<ExperimentInfo>> Experiment::Find() {
  {
    const MutexLock lock(mutex_);
    if (known_) return known_;
  }
  return Read(api_.Get(kByName, {{"experiment_name", name_}}));
}

Status Experiment::Check() {
  QUERN_TRY(Read(api_.Knock(kByName, {{"experiment_name", name_}})));
  return {};
}

Result<ExperimentInfo> Experiment::Ensure() {
  QUERN_ASSIGN(auto found, Find());
  if (found) return std::move(*found);
  // Two that make it at once, or one that makes it twice: both then find it.
  const auto made = api_.Post("experiments/create", {{"name", name_}});
  if (!made && made.error().code != Code::kAlreadyExists) return std::unexpected(made.error());
  QUERN_ASSIGN(found, Find());
  if (found) return std::move(*found);
  return Fail(Code::kFailedPrecondition,
              "experiment '" + name_ + "' was made at " + api_.url() + ", but is not there");
}

Result<std::string> ArtifactPath(const std::string& url, const std::string& uri) {
  constexpr std::string_view kScheme = "mlflow-artifacts:";
  const auto elsewhere = [&] {
    return Fail(Code::kFailedPrecondition,
                "artifacts are kept at '" + uri + "', which the tracking server " + url +
                    " does not pass on",
                "start the server with --serve-artifacts and without --default-artifact-root");
  };
  if (!StartsWith(uri, kScheme)) return elsewhere();
  std::string_view path = std::string_view(uri).substr(kScheme.size());
  if (StartsWith(path, "//") && !StartsWith(path, "///")) return elsewhere();  // another server
  while (StartsWith(path, "/")) path.remove_prefix(1);
  return std::string(path);
}

}  // namespace quern::remote
