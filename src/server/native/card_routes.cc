// Model cards and versions side by side, over HTTP.
#include <boost/json.hpp>
#include <string>

#include "registry/card.h"
#include "registry/compare.h"
#include "registry/names.h"
#include "server/http/respond.h"
#include "server/mlflow/api.h"
#include "server/native/view_routes.h"

namespace quern::server::native {
namespace {

using mlflow::Args;

Result<registry::Dossier> Read(const ViewContext& c, const std::string& name,
                               const std::string& version) {
  QUERN_ASSIGN(const int64_t number, registry::ParseVersion(version));
  return registry::ReadDossier(c.database, c.state_dir, c.fs, name, number);
}

net::HttpResponse Page(const char* type, std::string body) {
  net::HttpResponse response;
  response.content_type = type;
  response.headers = {
      {"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox"},
      {"X-Content-Type-Options", "nosniff"}};
  response.body = std::move(body);
  return response;
}

/// ?format=json (the default), md or html.
Result<net::HttpResponse> Card(const ViewContext& c, const Args& args) {
  const std::string format = args.Text("format");
  QUERN_TRY(args.status());
  QUERN_ASSIGN(const auto dossier, Read(c, args.PathParam("name"), args.PathParam("version")));
  const json::value card = registry::CardJson(dossier);
  if (format.empty() || format == "json") return JsonResponse(WriteJson(card));
  if (format == "md") return Page("text/markdown; charset=utf-8", registry::CardMarkdown(card));
  if (format == "html") return Page("text/html; charset=utf-8", registry::CardHtml(card));
  return Fail(Code::kInvalidArgument, "format '" + format + "' is none of json, md, html");
}

/// ?a=1&b=2, of this model, or of another as NAME/2; ?all=true with what is the same.
Result<net::HttpResponse> CompareModels(const ViewContext& c, const Args& args) {
  const std::string texts[] = {args.RequiredText("a"), args.RequiredText("b")};
  const bool everything = args.Flag("all", false);
  QUERN_TRY(args.status());
  std::vector<registry::Dossier> both;
  for (const std::string& text : texts) {
    const size_t slash = text.rfind('/');
    const bool other = slash != std::string::npos;
    QUERN_ASSIGN(auto dossier, Read(c, other ? text.substr(0, slash) : args.PathParam("name"),
                                    other ? text.substr(slash + 1) : text));
    both.push_back(std::move(dossier));
  }
  return JsonResponse(WriteJson(registry::CompareVersions(both[0], both[1], everything)));
}

}  // namespace

void AddCardRoutes(Router* router, const ViewContext& context) {
  const ViewContext* c = &context;
  mlflow::AddApiRoutes(
      router, {OwnRoute("GET", "/quern/models/{name}/versions/{version}/card",
                        "the model card of a version: ?format=json, md or html",
                        [c](const Args& args) { return Card(*c, args); }),
               OwnRoute("GET", "/quern/models/{name}/compare",
                        "two versions side by side: ?a=1&b=2; only the differences, or ?all=true",
                        [c](const Args& args) { return CompareModels(*c, args); })});
}

}  // namespace quern::server::native
