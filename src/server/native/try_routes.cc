// Model servers of the store as the page sees them, and one request to a model by hand.
#include <boost/json.hpp>
#include <string>

#include "base/json_read.h"
#include "registry/dossier.h"
#include "registry/registry.h"
#include "server/http/respond.h"
#include "server/native/model_asker.h"
#include "server/native/try_form.h"
#include "server/native/view_routes.h"

namespace quern::server::native {
namespace {

using mlflow::Args;

/// Seconds for an answer, and for one with reasons, which takes thousands of scores.
constexpr double kInferSeconds = 10;
constexpr double kExplainSeconds = 30;
/// Bytes of a request by hand.
constexpr size_t kMostRequest = 1u << 20;

json::object AddressJson(const serving::ServerAddress& server) {
  return json::object{{"id", server.id},
                      {"url", server.url},
                      {"pid", server.pid},
                      {"since_ms", server.since_ms},
                      {"needs_token", server.needs_token}};
}

/// The JSON of an answer of 200; what the server said instead, as an error.
Result<json::value> ReadAnswer(const ModelAnswer& answer) {
  auto parsed = ParseJson(answer.body);
  if (answer.status == 200) return parsed;
  const std::string said = parsed ? TextAt(*parsed, "/error") : std::string();
  const Code code = answer.status == 404   ? Code::kNotFound
                    : answer.status == 401 ? Code::kPermissionDenied
                                           : Code::kFailedPrecondition;
  return Fail(code, "the model server answers " + std::to_string(answer.status) + ": " +
                        (said.empty() ? answer.body.substr(0, 500) : said));
}

/// The token that the caller has for model servers: in a header, as addresses end up in logs. A
/// server that needs none is not told it.
std::string TokenOf(const Args& args, const serving::ServerAddress& server) {
  return server.needs_token ? std::string(args.request().Find("X-Quern-Model-Token"))
                            : std::string();
}

/// {id, url, …, models, why}: what it serves with counts since its start, or why that is not known.
json::value Shown(const serving::ServerAddress& server, const std::string& token) {
  json::object shown = AddressJson(server);
  shown["models"] = nullptr;
  shown["why"] = nullptr;
  const auto said = [&]() -> Result<json::value> {
    QUERN_ASSIGN(const ModelAnswer answer,
                 Ask(server, {.path = "/v2/models/stats", .token = token}));
    return ReadAnswer(answer);
  }();
  if (!said) {
    shown["why"] = said.error().message;
    return shown;
  }
  json::array models;
  for (const json::value& stats : ListAt(*said, "/model_stats")) {
    const auto count = [&](const char* at) { return NumberAt(stats, at).value_or(0); };
    models.push_back(json::object{{"name", At(stats, "/name")},
                                  {"version", At(stats, "/version")},
                                  {"requests", count("/inference_stats/success/count")},
                                  {"failed", count("/inference_stats/fail/count")},
                                  {"rows", count("/inference_count")},
                                  {"busy_ms", count("/inference_stats/success/ns") / 1e6},
                                  {"last_ms", count("/last_inference")}});
  }
  shown["models"] = std::move(models);
  return shown;
}

Result<net::HttpResponse> Servers(const ViewContext& c, const Args& args) {
  QUERN_TRY(args.status());
  json::array servers;
  for (const serving::ServerAddress& server : serving::AnnouncedServers(c.state_dir, c.fs)) {
    servers.push_back(Shown(server, TokenOf(args, server)));
  }
  return JsonResponse(
      WriteJson(json::object{{"now_ms", c.clock.NowMs()}, {"servers", std::move(servers)}}));
}

/// What the package of a registered version holds; nothing for a model of another place.
registry::PackageFiles PackageOf(const ViewContext& c, const std::string& model,
                                 const std::string& version) {
  registry::Registry registry(c.database, c.clock, "");
  const auto found = registry.Resolve(version.empty() ? model : model + "/" + version);
  if (!found || found->path.empty()) return {};
  return registry::ReadPackageFiles(*found, c.state_dir, c.fs);
}

Result<net::HttpResponse> Form(const ViewContext& c, const Args& args) {
  const std::string server_id = args.RequiredText("server");
  const std::string model = args.RequiredText("model");
  const std::string version = args.Text("version");
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const auto server, FindServer(c.state_dir, server_id, c.fs));
  const std::string token = TokenOf(args, server);
  QUERN_ASSIGN(const ModelAnswer answer,
               Ask(server, {.path = ModelPath(model, version), .token = token}));
  QUERN_ASSIGN(const json::value metadata, ReadAnswer(answer));
  const registry::PackageFiles package = PackageOf(c, model, version);
  json::object form = TryForm(metadata, package.described, package.example);
  form["server"] = AddressJson(server);
  form["model"] = model;
  form["version"] = version;
  form["path"] = ModelPath(model, version);
  return JsonResponse(WriteJson(form));
}

/// {server, model, version, body, explain}: `body` is sent as it is, a request of the Open
/// Inference Protocol as JSON text.
Result<net::HttpResponse> Try(const ViewContext& c, const Args& args) {
  const std::string server_id = args.RequiredText("server");
  const std::string model = args.RequiredText("model");
  const std::string body = args.RequiredText("body");
  const std::string version = args.Text("version");
  const bool explain = args.Flag("explain", false);
  QUERN_TRY(args.status());
  if (body.size() > kMostRequest) {
    return Fail(Code::kInvalidArgument,
                "the request has " + std::to_string(body.size()) + " bytes; by this call at most " +
                    std::to_string(kMostRequest) + " are sent",
                "send it to the model server itself");
  }
  QUERN_ASSIGN(const auto server, FindServer(c.state_dir, server_id, c.fs));
  ModelCall call;
  call.method = "POST";
  call.path = ModelPath(model, version) + (explain ? "/explain" : "/infer");
  call.body = body;
  call.token = TokenOf(args, server);
  call.seconds = explain ? kExplainSeconds : kInferSeconds;
  QUERN_ASSIGN(const ModelAnswer answer, Ask(server, call));
  return JsonResponse(WriteJson(json::object{{"status", answer.status},
                                             {"content_type", answer.content_type},
                                             {"body", answer.body},
                                             {"ms", answer.ms},
                                             {"version", answer.version},
                                             {"route", answer.route}}));
}

}  // namespace

void AddTryRoutes(Router* router, const ViewContext& context) {
  const ViewContext* c = &context;
  mlflow::AddApiRoutes(
      router,
      {OwnRoute("GET", "/quern/serving/servers",
                "model servers of this store that listen now, with what they serve and counts",
                [c](const Args& args) { return Servers(*c, args); }),
       OwnRoute("GET", "/quern/serving/form",
                "the fields of a request to a served model: ?server=ID&model=NAME&version=V",
                [c](const Args& args) { return Form(*c, args); }),
       OwnRoute("POST", "/quern/serving/try",
                "asks a served model: {server, model, version, body, explain}; the answer "
                "as it came",
                [c](const Args& args) { return Try(*c, args); })});
}

}  // namespace quern::server::native
