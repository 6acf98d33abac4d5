#include "server/native/routes.h"

#include "server/http/openapi.h"
#include "server/http/respond.h"
#include "server/http/route_list.h"
#include "server/native/feedback_request.h"
#include "serving/feedback.h"
#include "serving/json_text.h"

namespace quern::server::native {
namespace {

using serving::AppendJsonInt;
using serving::AppendJsonList;
using serving::AppendJsonText;

std::string RenderResult(const serving::FeedbackResult& result) {
  std::string out = "{\"accepted\":";
  AppendJsonInt(&out, static_cast<int64_t>(result.accepted));
  out += ",\"updated\":";
  AppendJsonInt(&out, static_cast<int64_t>(result.updated));
  out += ",\"unchanged\":";
  AppendJsonInt(&out, static_cast<int64_t>(result.unchanged));
  out += ",\"unknown\":";
  AppendJsonList(&out, result.unknown.size(),
                 [&](size_t i) { AppendJsonText(&out, result.unknown[i]); });
  return out + "}";
}

Result<serving::FeedbackResult> StoreLabels(const ServingContext& context, std::string_view body,
                                            bool csv) {
  QUERN_ASSIGN(std::vector<serving::Label> labels,
               csv ? ParseCsvFeedback(body) : ParseJsonFeedback(body));
  // So that a label finds every prediction that was given before. What keeps it from moving is
  // reported by the log itself; labels are kept in any case.
  if (context.log != nullptr) (void)context.log->CatchUp();
  QUERN_ASSIGN(auto result, serving::StoreFeedback(*context.database, labels, context.clock));
  if (context.releases != nullptr) context.releases->Learn(labels, result.first);
  return result;
}

net::HttpResponse Feedback(const ServingContext& context, const Call& call) {
  MediaType media = ParseMediaType(call.request.Find("Content-Type"));
  bool csv = media.type == "text/csv" && media.charset == "utf-8";
  if (!csv && NotJson(call.request)) {
    return net::RenderJsonError(415, "Content-Type '" +
                                         Printable(call.request.Find("Content-Type")) +
                                         "' is not supported: send application/json or text/csv");
  }
  if (context.database == nullptr) {
    return net::RenderJsonError(501, "this server keeps no predictions and no labels");
  }
  auto result = StoreLabels(context, call.request.body, csv);
  if (!result) return ErrorResponse(result.error());
  context.metrics.Feedback(result->accepted, result->updated, result->unchanged,
                           result->unknown.size());
  return JsonResponse(RenderResult(*result));
}

net::HttpResponse MetricsPage(const ServingContext& context) {
  net::HttpResponse response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = context.metrics.Render(context.catalog.All(), context.gauges());
  return response;
}

}  // namespace

void AddRoutes(Router* router, const ServingContext& context) {
  const ServingContext* c = &context;
  router->Add({"POST",
               "/v1/feedback",
               "labels by prediction id, JSON or CSV; repeating is harmless",
               [c](const Call& call) { return Feedback(*c, call); },
               {},
               JsonOrCsv()});
  router->Add({"GET", "/metrics", "Prometheus text exposition",
               [c](const Call&) { return MetricsPage(*c); }});
  router->Add(
      {"GET", "/openapi.json", "these routes as an OpenAPI document", [router](const Call&) {
         return JsonResponse(OpenApi(router->routes(), "Quern model server"));
       }});
  router->Add(
      {"GET", "/", "this list", [router](const Call&) { return RouteList(router->routes()); }});
}

}  // namespace quern::server::native
