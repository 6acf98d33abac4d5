// The registered models of an mlruns folder.
#include "base/text.h"
#include "exchange/folder_files.h"
#include "exchange/folder_source.h"

namespace quern::exchange {
namespace {

constexpr char kVersionPrefix[] = "version-";

}  // namespace

Status FolderSource::EachRegisteredModel(Report& report,
                                         const Visit<registry::ModelRecord>& visit) {
  for (const std::string& name : Subfolders(fs_, JoinPath(folder_, "models"))) {
    auto record = ReadRegistered(name, report);
    if (!record) {
      report.Damaged(record.error());
      continue;
    }
    QUERN_TRY(visit(std::move(*record)));
  }
  return {};
}

Result<registry::ModelRecord> FolderSource::ReadRegistered(const std::string& name,
                                                           Report& report) {
  const std::string folder = JoinPath(JoinPath(folder_, "models"), name);
  QUERN_ASSIGN(Meta meta, Meta::Read(fs_, folder));
  if (meta.Text("name") != name) {
    return meta.Bad("name", "the registered model's name '" + meta.Text("name") +
                                "' differs from that of its folder, '" + name + "'");
  }
  registry::ModelRecord record;
  record.model.name = name;
  record.model.description = meta.Text("description");
  record.model.created_ms = meta.IntOr("creation_timestamp", 0);
  record.model.updated_ms = meta.IntOr("last_updated_timestamp", record.model.created_ms);
  QUERN_TRY(meta.status());
  record.model.tags = ReadKeys(fs_, JoinPath(folder, "tags"), report);
  EachKey(fs_, JoinPath(folder, "aliases"), report,
          [&](const std::string& alias, const std::string& path, const std::string& content) {
            const auto version = ParseInt(content);
            if (version) {
              record.model.aliases.push_back({alias, *version});
            } else {
              report.Damaged({Code::kInvalidArgument,
                              "the alias points at '" + content + "', which is no version's number",
                              {},
                              {path, 1, 0},
                              {}});
            }
          });
  for (const std::string& version : Subfolders(fs_, folder)) {
    if (!version.starts_with(kVersionPrefix)) continue;
    auto read = ReadVersion(JoinPath(folder, version), name, report);
    if (read) {
      record.versions.push_back(std::move(*read));
    } else {
      report.Damaged(read.error());
    }
  }
  return record;
}

Result<registry::ModelVersion> FolderSource::ReadVersion(const std::string& folder,
                                                         const std::string& name, Report& report) {
  QUERN_ASSIGN(Meta meta, Meta::Read(fs_, folder));
  registry::ModelVersion version;
  version.name = name;
  version.version = meta.IntOr("version", 0);
  version.source = meta.Text("source");
  version.storage = meta.Text("storage_location");
  if (version.storage.empty()) version.storage = version.source;
  version.run_id = meta.Text("run_id");
  version.run_link = meta.Text("run_link");
  version.model_id = meta.Text("model_id");
  version.user_id = meta.Text("user_id");
  version.description = meta.Text("description");
  if (const std::string stage = meta.Text("current_stage"); !stage.empty()) version.stage = stage;
  if (const std::string status = meta.Text("status"); !status.empty()) version.status = status;
  version.status_message = meta.Text("status_message");
  version.created_ms = meta.IntOr("creation_timestamp", 0);
  version.updated_ms = meta.IntOr("last_updated_timestamp", version.created_ms);
  QUERN_TRY(meta.status());
  if (BaseName(folder) != kVersionPrefix + std::to_string(version.version)) {
    return meta.Bad("version", "version '" + meta.Text("version") +
                                   "' differs from the name of its folder, '" + BaseName(folder) +
                                   "'");
  }
  version.tags = ReadKeys(fs_, JoinPath(folder, "tags"), report);
  return version;
}

}  // namespace quern::exchange
