#include "exchange/exporter.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/fd.h"
#include "base/text.h"
#include "exchange/names.h"
#include "net/strict.h"
#include "registry/package_registry.h"
#include "registry/source.h"

namespace quern::exchange {
namespace {

using tracking::Experiment;
using tracking::ModelRecord;
using tracking::RunRecord;

std::string AbsolutePlace(const std::string& folder) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(folder, error);
  std::string place = (error ? std::filesystem::path(folder) : absolute).lexically_normal();
  while (place.size() > 1 && place.ends_with('/')) place.pop_back();
  return place;
}

/// Everything below a folder reaches the disk before the folder gets its name.
void FlushFiles(const std::string& folder) {
  const UniqueFd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() >= 0) (void)syncfs(fd.get());
}

}  // namespace

Exporter::Exporter(const ExportOrigin& origin, const ExportOptions& options, Fs& fs,
                   const CancelToken& cancel, OnProgress on_progress)
    : origin_(origin),
      options_(options),
      fs_(fs),
      cancel_(cancel),
      on_progress_(std::move(on_progress)),
      place_(AbsolutePlace(options.folder)),
      growing_(place_ + ".quern-tmp"),
      writer_(growing_, place_, fs, report_) {}

Status Exporter::Step(const std::string& doing) {
  QUERN_TRY(cancel_.Check());
  if (on_progress_) on_progress_(report_, doing);
  return {};
}

Status Exporter::CheckPlace() {
  const auto names = fs_.List(place_);
  if (names && !names->empty()) {
    return Fail(Code::kAlreadyExists,
                "'" + options_.folder + "' is not empty: it holds '" + names->front() + "'",
                "name a new or an empty folder");
  }
  if (!names && names.error().code != Code::kNotFound) return std::unexpected(names.error());
  // Of an export that was killed.
  return fs_.RemoveAll(growing_);
}

Status Exporter::Run() {
  QUERN_TRY(CheckPlace());
  Status written = WriteAll();
  if (written) {
    FlushFiles(growing_);
    written = fs_.MoveInto(growing_, place_);
  }
  if (!written) (void)fs_.RemoveAll(growing_);
  return written;
}

Status Exporter::WriteAll() {
  QUERN_ASSIGN(const auto experiments, Chosen());
  QUERN_TRY(writer_.Begin());
  for (const Experiment& experiment : experiments) QUERN_TRY(WriteExperiment(experiment));
  QUERN_ASSIGN(const auto names, origin_.registry.Names());
  for (const std::string& name : names) QUERN_TRY(WriteRegistered(name));
  for (const auto& [what, count] : staying_) {
    report_.Note(what + ": the artifacts of " + std::to_string(count) +
                 " are in a place of their own, and stay there");
  }
  return {};
}

Result<std::vector<Experiment>> Exporter::Chosen() {
  QUERN_ASSIGN(auto all, origin_.tracking.AllExperiments());
  return ChooseExperiments(std::move(all), options_.experiments);
}

Status Exporter::WriteExperiment(Experiment experiment) {
  doing_ = "experiment '" + experiment.name + "'";
  QUERN_TRY(Step(doing_));
  const int64_t id = experiment.id;
  if (options_.artifacts && IsOfMachine(experiment.artifact_location)) {
    experiment.artifact_location = writer_.UriOf(FolderWriter::PathOf(experiment));
  }
  QUERN_TRY(writer_.Write(experiment));
  ++report_.experiments.added;
  std::vector<ModelRecord> models;
  QUERN_ASSIGN(const auto model_ids, origin_.tracking.ModelIds(id));
  for (const std::string& model_id : model_ids) {
    QUERN_TRY(Step(doing_ + ", logged model " + model_id));
    QUERN_ASSIGN(ModelRecord record, origin_.tracking.GetModel(model_id));
    seen_.insert(model_id);
    QUERN_ASSIGN(record.model.artifact_uri,
                 CopyArtifacts(record.model.artifact_uri,
                               FolderWriter::PathOf(experiment, record) + "/artifacts"));
    QUERN_TRY(writer_.Write(experiment, record));
    ++report_.logged_models.added;
    models.push_back(std::move(record));
  }
  QUERN_ASSIGN(const auto run_ids, origin_.tracking.RunIds(id));
  for (const std::string& run_id : run_ids) {
    QUERN_TRY(Step(doing_ + ", run " + run_id));
    QUERN_ASSIGN(RunRecord record, origin_.tracking.GetRun(run_id));
    seen_.insert(run_id);
    QUERN_ASSIGN(record.info.artifact_uri,
                 CopyArtifacts(record.info.artifact_uri,
                               FolderWriter::PathOf(experiment, record) + "/artifacts"));
    QUERN_TRY(writer_.Write(experiment, record, models));
    ++report_.runs.added;
    for (const auto& [key, points] : record.metrics) {
      report_.points += static_cast<int64_t>(points.size());
    }
  }
  return {};
}

Status Exporter::WriteRegistered(const std::string& name) {
  doing_ = "registered model '" + name + "'";
  QUERN_TRY(Step(doing_));
  if (name.find_first_of("%\\") != std::string::npos) {
    report_.Damaged({Code::kInvalidArgument,
                     "the " + doing_ + " cannot be written",
                     "MLflow keeps it in a folder of its name, which must be without % and \\",
                     {},
                     {}});
    return {};
  }
  QUERN_ASSIGN(registry::ModelRecord record, origin_.registry.Get(name));
  const bool wanted =
      options_.experiments.empty() ||
      std::any_of(record.versions.begin(), record.versions.end(), [&](const auto& version) {
        return seen_.contains(version.run_id) || seen_.contains(version.model_id);
      });
  if (!wanted) return {};
  for (registry::ModelVersion& version : record.versions) {
    if (version.storage.empty() && !version.path.empty()) {
      version.storage = registry::kProxiedPackages + version.path;
    }
    const std::string moved = Moved(version.storage);
    std::string here = moved;
    if (moved == version.storage && registry::ParseSource(moved).proxied()) {
      QUERN_ASSIGN(here, CopyArtifacts(moved, FolderWriter::PathOf(version) + "/artifacts"));
    }
    // What was registered by its place in this store is now elsewhere; other names stay.
    if (version.source.empty() || version.source == version.storage) version.source = here;
    version.source = Moved(version.source);
    version.storage = here;
  }
  QUERN_TRY(writer_.Write(record));
  ++report_.registered_models.added;
  report_.versions.added += static_cast<int64_t>(record.versions.size());
  return {};
}

Result<std::string> Exporter::CopyArtifacts(const std::string& uri, const std::string& to) {
  const registry::SourceUri parsed = registry::ParseSource(uri);
  if (!options_.artifacts) return uri;
  if (!parsed.proxied()) {
    ++staying_[doing_];
    return uri;
  }
  std::string path = net::DecodeUrl(parsed.path).value_or(parsed.path);
  while (path.starts_with('/')) path.erase(0, 1);
  QUERN_TRY(CopyTree(path, to));
  const std::string here = writer_.UriOf(to);
  moved_[uri] = here;
  return here;
}

Status Exporter::CopyTree(const std::string& from, const std::string& to) {
  const auto entries = origin_.artifacts.List(from);
  if (!entries) {
    report_.unreached.push_back(from + ": " + entries.error().message);
    return {};
  }
  for (const store::ArtifactEntry& entry : *entries) {
    const std::string source = from + "/" + entry.name, target = to + "/" + entry.name;
    QUERN_TRY(entry.is_dir ? CopyTree(source, target) : CopyFile(source, target));
  }
  return {};
}

Status Exporter::CopyFile(const std::string& from, const std::string& to) {
  QUERN_TRY(Step(from));
  const auto file = origin_.artifacts.Open(from);
  if (!file) {
    report_.unreached.push_back(from + ": " + file.error().message);
    return {};
  }
  QUERN_ASSIGN(const auto writer, writer_.Create(to));
  std::array<char, 256 * 1024> buffer;
  for (uint64_t done = 0; done < file->size;) {
    QUERN_TRY(cancel_.Check());
    const ssize_t count =
        pread(file->fd.get(), buffer.data(), buffer.size(), static_cast<off_t>(done));
    if (count <= 0) return Fail(Code::kUnavailable, "cannot read the artifact '" + from + "'");
    QUERN_TRY(writer->Append({buffer.data(), static_cast<size_t>(count)}));
    done += static_cast<uint64_t>(count);
  }
  ++report_.files.added;
  report_.bytes += file->size;
  return {};
}

std::string Exporter::Moved(const std::string& uri) const {
  return MovedUri(moved_, uri).value_or(uri);
}

}  // namespace quern::exchange
