#include "server/mlflow/graphql_routes.h"

#include <algorithm>
#include <map>
#include <memory>

#include "base/check.h"
#include "base/text.h"
#include "server/graphql/execute.h"
#include "server/http/respond.h"
#include "server/mlflow/graphql_schema.h"

namespace quern::server::mlflow {
namespace {

/// Handlers of REST calls by their paths.
using Calls = std::map<std::string, ApiHandler, std::less<>>;

/// The REST calls as a backend. A request of its own is made for each, in the name of the one that
/// came.
class RestBackend : public graphql::Backend {
 public:
  RestBackend(const Calls& calls, const net::HttpRequest& request)
      : calls_(calls), request_(request) {}

  Result<JsonRef> Ask(std::string_view call, const std::string& arguments) override {
    auto [place, added] = answers_.try_emplace({std::string(call), arguments});
    Answer& answer = place->second;
    if (added) {
      Result<net::HttpResponse> response = Make(call, arguments);
      if (response) {
        answer.text = std::move(response->body);
        auto document = JsonDoc::Parse(answer.text);
        QUERN_CHECK(document.has_value(), std::string(call));
        answer.document = std::move(*document);
      } else {
        answer.error = response.error();
      }
    }
    if (answer.error) return std::unexpected(*answer.error);
    return answer.document->root();
  }

 private:
  struct Answer {
    std::string text;
    std::optional<JsonDoc> document;
    std::optional<Error> error;
  };

  Result<net::HttpResponse> Make(std::string_view call, const std::string& arguments) {
    const auto handler = calls_.find(call);
    QUERN_CHECK(handler != calls_.end(), std::string(call));
    net::HttpRequest request;
    request.method = "POST";
    request.headers = request_.headers;
    std::erase_if(request.headers,
                  [](const net::Header& header) { return ToLower(header.name) == "content-type"; });
    request.headers.push_back({"Content-Type", "application/json"});
    request.body = arguments;
    return handler->second(Args(request));
  }

  const Calls& calls_;
  const net::HttpRequest& request_;
  std::map<std::pair<std::string, std::string>, Answer> answers_;
};

Result<net::HttpResponse> Answer(const Calls& calls, const graphql::Limits& limits,
                                 const Args& args) {
  const std::string query = args.RequiredText("query");
  const std::string operation = args.Text("operationName");
  graphql::Request request{query, operation, args.Json("variables")};
  // Of a GET they are a text.
  std::string text;
  std::optional<JsonDoc> document;
  if (args.Has("variables") && !request.variables) {
    text = args.Text("variables");
    auto parsed = JsonDoc::Parse(text);
    if (parsed) {
      document = std::move(*parsed);
      request.variables = document->root();
    }
  }
  const bool object = request.variables && request.variables->Is(JsonKind::kObject);
  if (args.Has("variables") && !object) args.Invalid("variables");
  QUERN_TRY(args.status());
  RestBackend backend(calls, args.request());
  return JsonResponse(graphql::Execute(GraphqlSchema(), limits, backend, request));
}

}  // namespace

void AddGraphqlRoutes(Router* router, std::vector<ApiRoute> calls, const graphql::Limits& limits) {
  auto handlers = std::make_shared<Calls>();
  for (ApiRoute& route : calls) {
    if (route.methods == "GET" || route.methods == "POST") {
      handlers->try_emplace(std::string(route.path), std::move(route.handler));
    }
  }
  const ApiHandler answer = [handlers, limits](const Args& args) {
    return Answer(*handlers, limits, args);
  };
  constexpr std::string_view kDoc = "GraphQL as MLflow's page asks it";
  for (const char* method : {"GET", "POST"}) {
    router->Add({method, "/graphql", "MLflow: " + std::string(kDoc),
                 [answer](const Call& call) { return AnswerApi(answer, call); }});
  }
  AddApiRoutes(router, {{"GET POST", "/graphql", kDoc, answer}});
}

}  // namespace quern::server::mlflow
