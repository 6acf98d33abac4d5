#include "server/native/view_routes.h"

#include <algorithm>
#include <boost/json.hpp>
#include <string>

#include "server/http/respond.h"
#include "server/mlflow/api.h"

namespace quern::server::native {
namespace {

constexpr int64_t kMostResults = 1000;
/// Proxies give up on an answer after a minute, most of them.
constexpr double kLongestWait = 25;

net::HttpResponse Answer(const ViewContext& context, View view, const Call& call) {
  return mlflow::AnswerApi(
      [&](const mlflow::Args& args) -> Result<net::HttpResponse> {
        QUERN_ASSIGN(const json::value answer, view(context, args));
        return JsonResponse(WriteJson(answer));
      },
      call);
}

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

net::HttpResponse Events(const ViewContext& context, const Call& call) {
  return mlflow::AnswerApi(
      [&](const mlflow::Args& args) -> Result<net::HttpResponse> {
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
      },
      call);
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

void AddViewRoutes(Router* router, const ViewContext& context) {
  std::vector<ViewRoute> all;
  for (auto* group : {&ProjectViews, &DataViews, &ModelViews, &ServingViews}) {
    const std::vector<ViewRoute> views = group();
    all.insert(all.end(), views.begin(), views.end());
  }
  const ViewContext* c = &context;
  for (const std::string prefix : {"/api/2.0/quern", "/ajax-api/2.0/quern"}) {
    for (const ViewRoute& route : all) {
      router->Add({"GET", prefix + std::string(route.path), std::string(route.doc),
                   [c, view = route.view](const Call& call) { return Answer(*c, view, call); }});
    }
    router->Add({"GET", prefix + "/events",
                 "waits for changes of the store, as JSON or as a server-sent event",
                 [c](const Call& call) { return Events(*c, call); }});
  }
}

}  // namespace quern::server::native
