#include "server/mlflow/api.h"

#include "base/text.h"
#include "server/http/respond.h"
#include "server/mlflow/errors.h"

namespace quern::server::mlflow {

net::HttpResponse Done() { return JsonResponse("{}"); }

search::PageRequest ReadSearch(const Args& args, int64_t default_max_results) {
  search::PageRequest page;
  page.filter = args.Text("filter");
  page.max_results = args.Int("max_results", default_max_results);
  page.order_by = args.Texts("order_by");
  page.page_token = args.Text("page_token");
  return page;
}

std::map<std::string, std::string> ReadPairs(const Fields& fields, std::string_view list) {
  std::map<std::string, std::string> pairs;
  for (const Fields& item : fields.Items(list)) {
    pairs.insert_or_assign(item.RequiredText("key"), item.Text("value"));
  }
  return pairs;
}

net::HttpResponse AnswerApi(const ApiHandler& handler, const Call& call, BodyForm form) {
  const Args args(call.request, call.params, form);
  Result<net::HttpResponse> answer = handler(args);
  return answer ? std::move(*answer) : MlflowError(answer.error());
}

void AddApiRoutes(Router* router, const std::vector<ApiRoute>& routes) {
  for (const ApiRoute& route : routes) {
    for (std::string_view prefix : {"/api/", "/ajax-api/"}) {
      if (route.surface == Surface::kAjaxOnly && prefix == "/api/") continue;
      for (std::string_view method : Split(route.methods, ' ')) {
        router->Add({std::string(method),
                     std::string(prefix) + std::string(route.version) + std::string(route.path),
                     std::string(route.origin) + std::string(route.doc),
                     [handler = route.handler, form = route.body](const Call& call) {
                       return AnswerApi(handler, call, form);
                     }});
      }
    }
  }
}

}  // namespace quern::server::mlflow
