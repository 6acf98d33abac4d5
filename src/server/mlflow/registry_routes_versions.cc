#include "registry/names.h"
#include "server/http/respond.h"
#include "server/mlflow/json_out.h"
#include "server/mlflow/registry_render.h"
#include "server/mlflow/registry_routes.h"

namespace quern::server::mlflow {

using registry::ModelVersions;

namespace {

constexpr int64_t kVersionsPage = 10000;

ModelVersions Versions(const RegistryRouteContext& c, const Args& args) {
  return ModelVersions(Acting(c, args));
}

/// Which version a request is about.
struct Which {
  std::string name;
  int64_t version = 0;
};

/// `name` and `version`; reads all other getters' errors too, so it comes last.
Result<Which> ReadWhich(const Args& args) {
  Which which;
  which.name = args.RequiredText("name");
  const std::string version = args.RequiredText("version");
  QUERN_TRY(args.status());
  QUERN_ASSIGN(which.version, registry::ParseVersion(version));
  return which;
}

Result<net::HttpResponse> CreateVersion(const RegistryRouteContext& c, const Args& args) {
  registry::NewVersion version;
  version.name = args.RequiredText("name");
  version.source = args.RequiredText("source");
  version.run_id = args.Text("run_id");
  version.model_id = args.Text("model_id");
  version.run_link = args.Text("run_link");
  version.description = args.Text("description");
  version.tags = ReadPairs(args, "tags");
  version.user_id = DeclaredUser(args.request());
  version.reason = ReasonOf(args);
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const auto made, Versions(c, args).Create(version));
  return OneModelVersion(made);
}

Result<net::HttpResponse> GetVersion(const RegistryRouteContext& c, const Args& args) {
  QUERN_ASSIGN(const Which which, ReadWhich(args));
  QUERN_ASSIGN(const auto version, Versions(c, args).Get(which.name, which.version));
  return OneModelVersion(version);
}

Result<net::HttpResponse> UpdateVersion(const RegistryRouteContext& c, const Args& args) {
  const std::string description = args.Text("description");
  QUERN_ASSIGN(const Which which, ReadWhich(args));
  QUERN_ASSIGN(const auto version,
               Versions(c, args).Describe(which.name, which.version, description));
  return OneModelVersion(version);
}

Result<net::HttpResponse> DeleteVersion(const RegistryRouteContext& c, const Args& args) {
  const std::string reason = ReasonOf(args);
  QUERN_ASSIGN(const Which which, ReadWhich(args));
  QUERN_TRY(Versions(c, args).Delete(which.name, which.version, reason));
  return Done();
}

Result<net::HttpResponse> Transition(const RegistryRouteContext& c, const Args& args) {
  const std::string stage = args.RequiredText("stage");
  const bool archive = args.Flag("archive_existing_versions", false);
  QUERN_ASSIGN(const Which which, ReadWhich(args));
  QUERN_ASSIGN(const auto version,
               Versions(c, args).MoveTo(which.name, which.version, stage, archive));
  return OneModelVersion(version);
}

Result<net::HttpResponse> SearchVersions(const RegistryRouteContext& c, const Args& args) {
  const search::PageRequest request = ReadSearch(args, kVersionsPage);
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const auto page, Versions(c, args).Search(request));
  return ManyModelVersions(page.items, page.next_token);
}

Result<net::HttpResponse> DownloadUri(const RegistryRouteContext& c, const Args& args) {
  QUERN_ASSIGN(const Which which, ReadWhich(args));
  QUERN_ASSIGN(const std::string uri, Versions(c, args).DownloadUri(which.name, which.version));
  std::string out;
  {
    ObjectOut object(&out);
    object.Text("artifact_uri", uri);
  }
  return JsonResponse(std::move(out));
}

Result<net::HttpResponse> SetVersionTag(const RegistryRouteContext& c, const Args& args) {
  const std::string key = args.RequiredText("key");
  const std::string value = args.Text("value");
  QUERN_ASSIGN(const Which which, ReadWhich(args));
  QUERN_TRY(Versions(c, args).SetTag(which.name, which.version, key, value));
  return Done();
}

Result<net::HttpResponse> DeleteVersionTag(const RegistryRouteContext& c, const Args& args) {
  const std::string key = args.RequiredText("key");
  QUERN_ASSIGN(const Which which, ReadWhich(args));
  QUERN_TRY(Versions(c, args).DeleteTag(which.name, which.version, key));
  return Done();
}

}  // namespace

std::vector<ApiRoute> ModelVersionRoutes(const RegistryRouteContext& context) {
  return {
      {"POST", "/mlflow/model-versions/create", "registers a version",
       Bind(context, CreateVersion)},
      {"GET", "/mlflow/model-versions/get", "one version", Bind(context, GetVersion)},
      {"PATCH", "/mlflow/model-versions/update", "describes a version",
       Bind(context, UpdateVersion)},
      {"DELETE", "/mlflow/model-versions/delete", "deletes a version",
       Bind(context, DeleteVersion)},
      {"POST", "/mlflow/model-versions/transition-stage", "moves a version to a stage",
       Bind(context, Transition)},
      {"GET", "/mlflow/model-versions/search", "searches versions", Bind(context, SearchVersions)},
      {"GET", "/mlflow/model-versions/get-download-uri", "where a version's files are",
       Bind(context, DownloadUri)},
      {"POST", "/mlflow/model-versions/set-tag", "tags a version", Bind(context, SetVersionTag)},
      {"DELETE", "/mlflow/model-versions/delete-tag", "takes a tag off a version",
       Bind(context, DeleteVersionTag)},
  };
}

}  // namespace quern::server::mlflow
