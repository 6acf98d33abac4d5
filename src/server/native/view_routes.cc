#include "server/native/view_routes.h"

#include <algorithm>
#include <boost/json.hpp>
#include <string>

#include "server/http/respond.h"

namespace quern::server::native {
namespace {

constexpr int64_t kMostResults = 1000;
/// Proxies give up on an answer after a minute, most of them.
constexpr double kLongestWait = 25;

/// One message for an EventSource, which comes again by itself when the answer ends.
net::HttpResponse AsEvent(const ChangeFeed::Answer& answer, const std::string& epoch,
                          const std::string& data) {
  net::HttpResponse response;
  response.content_type = "text/event-stream; charset=utf-8";
  response.headers = {{"Cache-Control", "no-store"}};
  response.body = "retry: " + std::string(answer.waited ? "200" : "3000") + "\nid: " + epoch + "-" +
                  std::to_string(answer.version) + "\nevent: change\ndata: " + data + "\n\n";
  return response;
}

Result<net::HttpResponse> Events(const ViewContext& context, const mlflow::Args& args) {
  std::string epoch = args.Text("epoch");
  int64_t since = args.Int("since", 0);
  const double wait = args.MaybeNumber("timeout").value_or(kLongestWait);
  if (since < 0) args.Invalid("since");
  if (!(wait >= 0)) args.Invalid("timeout");
  QUERN_TRY(args.status());
  // What an EventSource saw last comes in a header: "EPOCH-VERSION".
  const std::string last(args.request().Find("Last-Event-ID"));
  if (const size_t dash = last.rfind('-'); dash != std::string::npos) {
    epoch = last.substr(0, dash);
    since = std::atoll(last.c_str() + dash + 1);
  }
  QUERN_ASSIGN(const auto answer,
               context.changes.Wait(epoch, static_cast<uint64_t>(std::max<int64_t>(0, since)),
                                    std::min(wait, kLongestWait)));
  const std::string data = WriteJson(context.changes.Json(answer));
  if (args.request().Find("Accept").find("text/event-stream") != std::string_view::npos) {
    return AsEvent(answer, context.changes.epoch(), data);
  }
  return JsonResponse(data);
}

}  // namespace

int64_t ReadLimit(const mlflow::Args& args, int64_t fallback) {
  const int64_t limit = args.Int("max_results", fallback);
  if (limit < 1 || limit > kMostResults) {
    args.Refuse("max_results = " + std::to_string(limit) + " is not 1 to " +
                std::to_string(kMostResults));
  }
  return limit;
}

Status CheckActor(const std::string& actor) {
  if (!actor.empty()) return {};
  return Fail(Code::kInvalidArgument, "'actor' is missing: the record names who orders this");
}

mlflow::ApiRoute OwnRoute(std::string_view methods, std::string_view path, std::string_view doc,
                          mlflow::ApiHandler handler) {
  mlflow::ApiRoute route{methods, path, doc, std::move(handler)};
  route.origin = "";
  return route;
}

void AddViewRoutes(Router* router, const ViewContext& context) {
  const ViewContext* c = &context;
  std::vector<mlflow::ApiRoute> routes;
  for (auto* group :
       {&ProjectViews, &DataViews, &SnapshotViews, &MetricViews, &ModelViews, &ServingViews}) {
    for (const ViewRoute& route : group()) {
      routes.push_back(
          OwnRoute("GET", route.path, route.doc,
                   [c, view = route.view](const mlflow::Args& args) -> Result<net::HttpResponse> {
                     QUERN_ASSIGN(const json::value answer, view(*c, args));
                     return JsonResponse(WriteJson(answer));
                   }));
    }
  }
  routes.push_back(OwnRoute("GET", "/quern/events",
                            "waits for changes of the store, as JSON or as a server-sent event",
                            [c](const mlflow::Args& args) { return Events(*c, args); }));
  mlflow::AddApiRoutes(router, routes);
}

}  // namespace quern::server::native
