#include "server/mlflow/registry_render.h"

#include "server/http/respond.h"
#include "server/mlflow/json_out.h"

namespace quern::server::mlflow {

using registry::ModelVersion;
using registry::RegisteredModel;

void AppendModelVersion(std::string* out, const ModelVersion& version) {
  ObjectOut object(out);
  object.Text("name", version.name);
  object.Text("version", std::to_string(version.version));
  object.Int("creation_timestamp", version.created_ms);
  object.Int("last_updated_timestamp", version.updated_ms);
  object.TextIfSet("user_id", version.user_id);
  object.Text("current_stage", version.stage);
  object.Text("description", version.description);
  object.Text("source", version.source);
  object.Text("run_id", version.run_id);
  object.Text("status", version.status);
  object.TextIfSet("status_message", version.status_message);
  object.PairsIfAny("tags", version.tags);
  object.Text("run_link", version.run_link);
  object.ListIfAny("aliases", version.aliases,
                   [&](const std::string& alias) { serving::AppendJsonText(out, alias); });
  object.TextIfSet("model_id", version.model_id);
}

void AppendRegisteredModel(std::string* out, const RegisteredModel& model) {
  ObjectOut object(out);
  object.Text("name", model.name);
  object.Int("creation_timestamp", model.created_ms);
  object.Int("last_updated_timestamp", model.updated_ms);
  object.TextIfSet("description", model.description);
  object.ListIfAny("latest_versions", model.latest,
                   [&](const ModelVersion& version) { AppendModelVersion(out, version); });
  object.PairsIfAny("tags", model.tags);
  object.ListIfAny("aliases", model.aliases, [&](const registry::Alias& alias) {
    ObjectOut one(out);
    one.Text("alias", alias.alias);
    one.Text("version", std::to_string(alias.version));
  });
}

net::HttpResponse OneRegisteredModel(const RegisteredModel& model) {
  std::string out;
  {
    ObjectOut object(&out);
    AppendRegisteredModel(object.Name("registered_model"), model);
  }
  return JsonResponse(std::move(out));
}

net::HttpResponse OneModelVersion(const ModelVersion& version) {
  std::string out;
  {
    ObjectOut object(&out);
    AppendModelVersion(object.Name("model_version"), version);
  }
  return JsonResponse(std::move(out));
}

net::HttpResponse ManyModelVersions(const std::vector<ModelVersion>& versions,
                                    std::string_view next_token) {
  std::string out;
  {
    ObjectOut object(&out);
    object.ListIfAny("model_versions", versions,
                     [&](const ModelVersion& version) { AppendModelVersion(&out, version); });
    object.TextIfSet("next_page_token", next_token);
  }
  return JsonResponse(std::move(out));
}

}  // namespace quern::server::mlflow
