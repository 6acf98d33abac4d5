#include "upkeep/survey.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"
#include "store/database_space.h"

namespace quern::upkeep {
namespace {

bool IsHexId(std::string_view text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool IsNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

struct Owner {
  std::string id;
  std::string folder;
};

/// Of "1/<run>/artifacts/…" and "1/models/m-<id>/artifacts/…"; an empty id for other files.
Owner OwnerOf(const std::string& path) {
  const auto parts = Split(path, '/');
  if (parts.size() < 3 || !IsNumber(parts[0])) return {};
  const std::string experiment(parts[0]);
  if (IsHexId(parts[1])) return {std::string(parts[1]), experiment + "/" + std::string(parts[1])};
  const bool model = parts[1] == "models" && parts.size() > 3 && StartsWith(parts[2], "m-") &&
                     IsHexId(parts[2].substr(2));
  if (!model) return {};
  return {std::string(parts[2]), experiment + "/models/" + std::string(parts[2])};
}

struct Part {
  const char* name;
  const char* what;
  std::vector<std::string_view> tables;
};

/// Which tables a line of the report counts; the last one takes all others.
const std::array<Part, 5>& Parts() {
  static const std::array<Part, 5> parts{{
      {"metrics", "points of metrics", {"metric_series", "metric_points", "metric_chunks"}},
      {"predictions",
       "predictions log and feedback",
       {"predictions", "feedback", "feedback_history"}},
      {"registry",
       "registered models, releases and webhooks",
       {"registered_models", "registered_model_tags", "model_versions", "model_version_tags",
        "model_aliases", "registry_log", "registry_log_head", "alias_policies", "alias_overrides",
        "version_reviews", "version_checks", "webhooks", "webhook_events", "webhook_deliveries",
        "releases", "release_audit"}},
      {"results",
       "records of stored results and lineage",
       {"step_results", "file_digests", "pipeline_runs", "pipeline_steps", "lineage_nodes",
        "lineage_edges", "deployments"}},
      {"runs", "experiments, runs, logged models", {}},
  }};
  return parts;
}

uint64_t SizeOf(const std::string& file, Fs& fs) {
  const auto info = fs.Stat(file);
  return info ? info->size : 0;
}

}  // namespace

Result<ArtifactSurvey> SurveyArtifacts(store::ArtifactStore& artifacts, tracking::Trash& trash,
                                       registry::Registry& registry) {
  ArtifactSurvey survey;
  std::map<std::string, Orphan> by_id;
  QUERN_TRY(artifacts.Walk("", [&](const std::string& path, uint64_t size) -> Status {
    ++survey.files;
    survey.bytes += size;
    Owner owner = OwnerOf(path);
    if (owner.id.empty()) return {};
    Orphan& folder = by_id[owner.id];
    folder.path = std::move(owner.folder);
    ++folder.files;
    folder.bytes += size;
    return {};
  }));
  // Files first, rows second: a run is made before its first file, so that none of today's is
  // missing among the rows.
  std::vector<std::string> ids;
  for (const auto& [id, folder] : by_id) ids.push_back(id);
  QUERN_ASSIGN(const auto unknown, trash.UnknownIds(ids));
  if (unknown.empty()) return survey;
  QUERN_ASSIGN(const auto versions, registry.List(""));
  for (const std::string& id : unknown) {
    const bool needed = std::any_of(versions.begin(), versions.end(), [&](const auto& version) {
      return version.storage.find(id) != std::string::npos;
    });
    if (!needed) survey.orphans.push_back(by_id.at(id));
  }
  return survey;
}

uint64_t FolderBytes(const std::string& folder, Fs& fs) {
  const auto names = fs.List(folder);
  if (!names) return 0;
  uint64_t bytes = 0;
  for (const std::string& name : *names) {
    const std::string path = JoinPath(folder, name);
    const auto info = fs.Stat(path);
    if (info) bytes += info->is_dir ? FolderBytes(path, fs) : info->size;
  }
  return bytes;
}

Result<std::vector<SpaceItem>> MeasureSpace(store::Database& database, const std::string& state_dir,
                                            const ArtifactSurvey& artifacts, Fs& fs) {
  QUERN_ASSIGN(const auto space, store::MeasureDatabase(database));
  std::vector<SpaceItem> items;
  uint64_t counted = 0;
  for (const Part& part : Parts()) {
    uint64_t bytes = 0;
    for (const auto& table : space.tables) {
      const bool here =
          std::find(part.tables.begin(), part.tables.end(), table.name) != part.tables.end();
      if (here) bytes += table.bytes;
    }
    if (part.tables.empty()) bytes = space.total - space.free - std::min(space.total, counted);
    counted += bytes;
    items.push_back({part.name, part.what, bytes});
  }
  items.push_back({"free", "pages of the database that hold nothing", space.free});
  items.push_back({"artifacts",
                   std::to_string(artifacts.files) + " files of runs and logged models",
                   artifacts.bytes});
  if (state_dir.empty()) return items;
  const auto folder = [&](const char* name) { return FolderBytes(JoinPath(state_dir, name), fs); };
  items.push_back({"packages", "packages and other results of `quern run`", folder("artifacts")});
  items.push_back({"snapshots", "snapshots of tables", folder("tables")});
  items.push_back({"cache", "what can be computed again", folder("cache") + folder("tmp")});
  items.push_back({"uploads", "uploads in parts that are not complete", folder("uploads")});
  items.push_back({"log", "changes of the database that are not in its file yet",
                   SizeOf(JoinPath(state_dir, "quern.db-wal"), fs)});
  return items;
}

}  // namespace quern::upkeep
