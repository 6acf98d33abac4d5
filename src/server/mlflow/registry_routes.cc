#include "server/mlflow/registry_routes.h"

#include "base/base64.h"
#include "base/text.h"
#include "registry/names.h"
#include "server/http/respond.h"
#include "server/mlflow/errors.h"
#include "server/mlflow/json_out.h"
#include "server/mlflow/registry_render.h"

namespace quern::server::mlflow {

using registry::ModelVersions;
using registry::RegisteredModels;

namespace {

constexpr int64_t kModelsPage = 100;

RegisteredModels Models(const RegistryRouteContext& c, const Args& args) {
  return RegisteredModels(Acting(c, args));
}

Result<net::HttpResponse> CreateModel(const RegistryRouteContext& c, const Args& args) {
  const std::string name = args.RequiredText("name");
  const registry::Texts tags = ReadPairs(args, "tags");
  const std::string description = args.Text("description");
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const auto model, Models(c, args).Create(name, description, tags));
  return OneRegisteredModel(model);
}

Result<net::HttpResponse> GetModel(const RegistryRouteContext& c, const Args& args) {
  const std::string name = args.RequiredText("name");
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const auto model, Models(c, args).Get(name));
  return OneRegisteredModel(model);
}

Result<net::HttpResponse> Rename(const RegistryRouteContext& c, const Args& args) {
  const std::string name = args.RequiredText("name");
  const std::string new_name = args.RequiredText("new_name");
  const std::string reason = ReasonOf(args);
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const auto model, Models(c, args).Rename(name, new_name, reason));
  return OneRegisteredModel(model);
}

Result<net::HttpResponse> UpdateModel(const RegistryRouteContext& c, const Args& args) {
  const std::string name = args.RequiredText("name");
  const std::string description = args.Text("description");
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const auto model, Models(c, args).Describe(name, description));
  return OneRegisteredModel(model);
}

Result<net::HttpResponse> DeleteModel(const RegistryRouteContext& c, const Args& args) {
  const std::string name = args.RequiredText("name");
  const std::string reason = ReasonOf(args);
  QUERN_TRY(args.status());
  QUERN_TRY(Models(c, args).Delete(name, reason));
  return Done();
}

Result<net::HttpResponse> SearchModels(const RegistryRouteContext& c, const Args& args) {
  const search::PageRequest request = ReadSearch(args, kModelsPage);
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const auto page, Models(c, args).Search(request));
  std::string out;
  {
    ObjectOut object(&out);
    object.ListIfAny("registered_models", page.items, [&](const registry::RegisteredModel& model) {
      AppendRegisteredModel(&out, model);
    });
    object.TextIfSet("next_page_token", page.next_token);
  }
  return JsonResponse(std::move(out));
}

Result<net::HttpResponse> Latest(const RegistryRouteContext& c, const Args& args) {
  const std::string name = args.RequiredText("name");
  const std::vector<std::string> stages = args.Texts("stages");
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const auto versions, Models(c, args).Latest(name, stages));
  return ManyModelVersions(versions, "");
}

Result<net::HttpResponse> SetModelTag(const RegistryRouteContext& c, const Args& args) {
  const std::string name = args.RequiredText("name");
  const std::string key = args.RequiredText("key");
  const std::string value = args.Text("value");
  QUERN_TRY(args.status());
  QUERN_TRY(Models(c, args).SetTag(name, key, value));
  return Done();
}

Result<net::HttpResponse> DeleteModelTag(const RegistryRouteContext& c, const Args& args) {
  const std::string name = args.RequiredText("name");
  const std::string key = args.RequiredText("key");
  QUERN_TRY(args.status());
  QUERN_TRY(Models(c, args).DeleteTag(name, key));
  return Done();
}

Result<net::HttpResponse> SetAlias(const RegistryRouteContext& c, const Args& args) {
  const std::string name = args.RequiredText("name");
  const std::string alias = args.RequiredText("alias");
  const std::string version = args.RequiredText("version");
  // Beyond MLflow: past a closed gate, for a reason that is recorded.
  const bool force = args.Flag("force", false);
  const std::string reason = ReasonOf(args);
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const int64_t number, registry::ParseVersion(version));
  if (force) {
    QUERN_TRY(Models(c, args).ForceAlias(name, alias, number, reason));
  } else {
    QUERN_TRY(Models(c, args).SetAlias(name, alias, number,
                                       reason.empty() ? "asked for by a client" : reason));
  }
  return Done();
}

Result<net::HttpResponse> DeleteAlias(const RegistryRouteContext& c, const Args& args) {
  const std::string name = args.RequiredText("name");
  const std::string alias = args.RequiredText("alias");
  const std::string reason = ReasonOf(args);
  QUERN_TRY(args.status());
  QUERN_TRY(
      Models(c, args).DeleteAlias(name, alias, reason.empty() ? "asked for by a client" : reason));
  return Done();
}

Result<net::HttpResponse> ByAlias(const RegistryRouteContext& c, const Args& args) {
  const std::string name = args.RequiredText("name");
  const std::string alias = args.RequiredText("alias");
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const auto version, Models(c, args).ByAlias(name, alias));
  return OneModelVersion(version);
}

/// GET /model-versions/get-artifact?name=&version=&path=
Result<net::HttpResponse> Artifact(const RegistryRouteContext& c, const Args& args) {
  const std::string name = args.RequiredText("name");
  const std::string version = args.RequiredText("version");
  const std::string path = args.RequiredText("path");
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const int64_t number, registry::ParseVersion(version));
  ModelVersions versions(Acting(c, args));
  QUERN_ASSIGN(const std::string uri, versions.DownloadUri(name, number));
  return c.serve_artifact(uri, path, args.request());
}

}  // namespace

std::string DeclaredUser(const net::HttpRequest& request) {
  constexpr std::string_view kScheme = "basic ";
  const std::string_view value = request.Find("Authorization");
  if (value.size() < kScheme.size() || ToLower(value.substr(0, kScheme.size())) != kScheme) {
    return {};
  }
  const std::string text = FromBase64(Trim(value.substr(kScheme.size()))).value_or("");
  return FindInvalidUtf8(text) ? std::string() : text.substr(0, text.find(':'));
}

namespace {

/// A text for the log; one that is too long for it is refused.
std::string LogText(const Args& args, std::string_view key) {
  std::string text = args.Text(key);
  if (text.size() > registry::kLongestReason) {
    args.Refuse("'" + std::string(key) + "' is no text of at most " +
                std::to_string(registry::kLongestReason) + " bytes: it has " +
                std::to_string(text.size()));
  }
  return text;
}

/// The calls, each of which refuses an actor that cannot stand in the log.
std::vector<ApiRoute> WithActor(std::vector<ApiRoute> routes) {
  for (ApiRoute& route : routes) {
    route.handler = [handler = std::move(route.handler)](const Args& args) {
      (void)ActorOf(args);  // what is wrong with it is left with the request
      return handler(args);
    };
  }
  return routes;
}

}  // namespace

std::string ReasonOf(const Args& args) { return LogText(args, "reason"); }

std::string ActorOf(const Args& args) {
  const std::string declared = LogText(args, "actor");
  const std::string user = declared.empty() ? DeclaredUser(args.request()) : declared;
  return user.empty() ? user : user + " (unverified)";
}

registry::RegistryContext Acting(const RegistryRouteContext& context, const Args& args) {
  const std::string actor = ActorOf(args);
  return {context.database, context.clock,    actor.empty() ? "a client (unverified)" : actor,
          context.origins,  context.listener, context.source_rule};
}

std::vector<ApiRoute> RegisteredModelRoutes(const RegistryRouteContext& context) {
  return {
      {"POST", "/mlflow/registered-models/create", "creates a registered model",
       Bind(context, CreateModel)},
      {"GET", "/mlflow/registered-models/get", "one registered model", Bind(context, GetModel)},
      {"POST", "/mlflow/registered-models/rename", "renames a registered model",
       Bind(context, Rename)},
      {"PATCH", "/mlflow/registered-models/update", "describes a registered model",
       Bind(context, UpdateModel)},
      {"DELETE", "/mlflow/registered-models/delete", "deletes a registered model and its versions",
       Bind(context, DeleteModel)},
      {"GET POST", "/mlflow/registered-models/search", "searches registered models",
       Bind(context, SearchModels)},
      {"GET POST", "/mlflow/registered-models/get-latest-versions",
       "the newest version of each stage", Bind(context, Latest)},
      {"POST", "/mlflow/registered-models/set-tag", "tags a registered model",
       Bind(context, SetModelTag)},
      {"DELETE", "/mlflow/registered-models/delete-tag", "takes a tag off a registered model",
       Bind(context, DeleteModelTag)},
  };
}

std::vector<ApiRoute> AliasRoutes(const RegistryRouteContext& context) {
  return {
      {"POST", "/mlflow/registered-models/alias", "points an alias at a version",
       Bind(context, SetAlias)},
      {"DELETE", "/mlflow/registered-models/alias", "takes an alias away",
       Bind(context, DeleteAlias)},
      {"GET", "/mlflow/registered-models/alias", "the version that an alias points at",
       Bind(context, ByAlias)},
  };
}

void AddRegistryRoutes(Router* router, const RegistryRouteContext& context) {
  AddApiRoutes(router, WithActor(RegisteredModelRoutes(context)));
  AddApiRoutes(router, WithActor(AliasRoutes(context)));
  AddApiRoutes(router, WithActor(ModelVersionRoutes(context)));
  router->Add(
      {"GET", "/model-versions/get-artifact", "MLflow: a file of a model version",
       [handler = Bind(context, Artifact)](const Call& call) { return AnswerApi(handler, call); }});
}

}  // namespace quern::server::mlflow
