#include "server/mlflow/container_routes.h"

#include <boost/json.hpp>
#include <map>

#include "base/text.h"
#include "server/http/query.h"
#include "server/http/respond.h"
#include "server/mlflow/invocations.h"

namespace quern::server::mlflow {
namespace {

struct State {
  std::string source;
  bool loaded = false;
};

/// Every model that the server was started with, by name; of several versions the last one's
/// source.
std::map<std::string, State, std::less<>> KnownModels(const ServingContext& context) {
  std::map<std::string, State, std::less<>> models;
  for (const ModelControl::Known& known : context.control.Index()) {
    State& state = models[known.name];
    state.source = known.source;
    state.loaded = state.loaded || known.loaded;
  }
  return models;
}

json::object ModelJson(std::string_view name, const State& state) {
  return {{"modelName", name}, {"modelUrl", state.source}};
}

Error NotLoaded(std::string_view name) {
  return {Code::kNotFound, "model '" + Printable(name) + "' is not loaded", {}, {}, {}};
}

/// In the order of their names; the token of the next page is the last name of this one.
net::HttpResponse ListLoaded(const ServingContext& context, const Call& call) {
  const auto query = Query::Parse(call.request.query);
  if (!query) return ErrorResponse(query.error());
  const std::string_view limit_text = query->Find("limit").value_or("");
  const auto limit = limit_text.empty() ? std::optional<int64_t>(INT64_MAX) : ParseInt(limit_text);
  if (!limit || *limit < 1) {
    return net::RenderJsonError(400,
                                "limit '" + Printable(limit_text) + "' is not a number above 0");
  }
  const std::string_view after = query->Find("next_page_token").value_or("");
  json::array page;
  json::object answer;
  for (const auto& [name, state] : KnownModels(context)) {
    if (!state.loaded || name <= after) continue;
    if (page.size() == static_cast<uint64_t>(*limit)) {
      answer["nextPageToken"] = page.back().at("modelName");
      break;
    }
    page.push_back(ModelJson(name, state));
  }
  answer["models"] = std::move(page);
  return JsonResponse(WriteJson(answer));
}

net::HttpResponse ShowLoaded(const ServingContext& context, std::string_view name) {
  const auto models = KnownModels(context);
  const auto found = models.find(name);
  if (found == models.end() || !found->second.loaded) return ErrorResponse(NotLoaded(name));
  return JsonResponse(WriteJson(ModelJson(name, found->second)));
}

std::optional<net::HttpResponse> NotAllowed(const ServingContext& context) {
  if (context.control.allowed()) return std::nullopt;
  return net::RenderJsonError(
      403, "loading and unloading is not allowed on this server: start it with --model-control");
}

Result<std::string> TextAt(const json::value& body, std::string_view key) {
  const json::value* value = body.is_object() ? body.as_object().if_contains(key) : nullptr;
  if (value == nullptr || !value->is_string()) {
    return Fail(Code::kInvalidArgument,
                R"(the request body must be {"model_name": text, "url": text})");
  }
  return std::string(value->as_string());
}

/// 409 if it is loaded already, as SageMaker wants it.
net::HttpResponse Load(const ServingContext& context, const Call& call) {
  if (auto refused = NotAllowed(context)) return *refused;
  const auto body = ParseBody(call.request.body);
  if (!body) return ErrorResponse(body.error());
  const auto name = TextAt(*body, "model_name");
  if (!name) return ErrorResponse(name.error());
  const auto url = TextAt(*body, "url");
  if (!url) return ErrorResponse(url.error());
  const auto models = KnownModels(context);
  const auto found = models.find(*name);
  if (found != models.end() && found->second.loaded) {
    return net::RenderJsonError(409, "model '" + Printable(*name) + "' is loaded already");
  }
  // Nothing is read from a place that a client names.
  if (found != models.end() && found->second.source != *url) {
    return net::RenderJsonError(400, "model '" + Printable(*name) + "' was started from '" +
                                         found->second.source + "', not from '" + Printable(*url) +
                                         "'");
  }
  if (const Status loaded = context.control.Load(*name); !loaded) {
    return ErrorResponse(loaded.error());
  }
  return ShowLoaded(context, *name);
}

net::HttpResponse Unload(const ServingContext& context, std::string_view name) {
  if (auto refused = NotAllowed(context)) return *refused;
  const auto models = KnownModels(context);
  const auto found = models.find(name);
  if (found == models.end() || !found->second.loaded) return ErrorResponse(NotLoaded(name));
  const Status unloaded = context.control.Unload(name);
  return unloaded ? JsonResponse("{}") : ErrorResponse(unloaded.error());
}

}  // namespace

void AddContainerRoutes(Router* router, const ServingContext& context) {
  const ServingContext* c = &context;
  router->Add({"GET", "/models", "SageMaker: the models that are loaded",
               [c](const Call& call) { return ListLoaded(*c, call); }});
  router->Add({"POST", "/models", "SageMaker: loads a model that the server was started with",
               [c](const Call& call) { return Load(*c, call); }});
  router->Add({"GET", "/models/{model}", "SageMaker: one of them",
               [c](const Call& call) { return ShowLoaded(*c, call.Param("model")); }});
  router->Add({"DELETE", "/models/{model}", "SageMaker: unloads it",
               [c](const Call& call) { return Unload(*c, call.Param("model")); }});
  router->Add({"POST",
               "/models/{model}/invoke",
               "SageMaker: as /invocations, of that model",
               [c](const Call& call) {
                 const std::string model(call.Param("model"));
                 return AnswerExchange(call.request, [&](const Exchange& exchange) {
                   Invocations(*c, model, exchange);
                 });
               },
               {},
               JsonOrCsv()});
}

}  // namespace quern::server::mlflow
