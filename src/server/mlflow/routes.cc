#include "server/mlflow/routes.h"

#include "server/http/predictions.h"
#include "server/http/respond.h"
#include "server/mlflow/scoring_request.h"
#include "serving/json_text.h"

namespace quern::server::mlflow {
namespace {

std::string_view ErrorName(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
    case Code::kOutOfRange:
    case Code::kFailedPrecondition:
      return "BAD_REQUEST";
    case Code::kNotFound:
      return "RESOURCE_DOES_NOT_EXIST";
    case Code::kUnavailable:
      return "TEMPORARILY_UNAVAILABLE";
    case Code::kResourceExhausted:
      return "REQUEST_LIMIT_EXCEEDED";
    default:
      return "INTERNAL_ERROR";
  }
}

net::HttpResponse RenderError(const Error& error) {
  net::HttpResponse response = ErrorResponse(error);
  response.body = "{\"error_code\":";
  serving::AppendJsonText(&response.body, ErrorName(error.code));
  response.body += ",\"message\":";
  serving::AppendJsonText(&response.body, PublicMessage(error));
  response.body += '}';
  return response;
}

net::HttpResponse Unsupported(std::string text) {
  net::HttpResponse response;
  response.status = 415;
  response.content_type = "text/plain";
  response.body = std::move(text);
  return response;
}

/// As `mlflow models serve` answers for the same package: its outputs by name.
std::string RenderPredictions(const serving::Signature& signature,
                              const serving::ScoreAnswer& answer) {
  std::string out = "{\"predictions\":{";
  if (signature.task == ml::Task::kRegression) {
    out += "\"prediction\":";
    AppendNumberRows(&out, answer.scores.predictions, 1);
  } else {
    out += "\"label\":";
    AppendLabels(&out, signature, answer.scores);
    out += ",\"probabilities\":";
    AppendNumberRows(&out, answer.scores.probabilities, answer.scores.classes);
  }
  out += '}';
  if (!answer.prediction_ids.empty()) {
    out += ",\"prediction_ids\":";
    AppendIds(&out, answer.prediction_ids);
  }
  return out + "}";
}

net::HttpResponse Invocations(const ServingContext& context, const Call& call) {
  std::string_view header = call.request.Find("Content-Type");
  MediaType media = ParseMediaType(header);
  if (media.charset != "utf-8") return Unsupported("The scoring server only supports UTF-8");
  if (!media.other.empty()) {
    return Unsupported("Unrecognized content type parameters: " + Printable(media.other) + ".");
  }
  bool csv = media.type == "text/csv";
  if (!csv && media.type != "application/json") {
    return Unsupported(
        "This predictor only supports the following content types: Types: "
        "['text/csv', 'application/json']. Got '" +
        Printable(header) + "'.");
  }
  auto score = [&](const serving::ServedModel& served) -> Result<net::HttpResponse> {
    const serving::Signature& signature = served.signature();
    QUERN_ASSIGN(ScoringRequest request, csv ? ParseCsvRequest(call.request.body, signature)
                                             : ParseJsonRequest(call.request.body, signature));
    QUERN_ASSIGN(serving::ScoreAnswer answer,
                 context.scoring.Score(served, request.rows, request.request_id));
    return JsonResponse(RenderPredictions(signature, answer));
  };
  return AnswerScoring(context, "", "", score, RenderError);
}

net::HttpResponse Ping(const ServingContext& context) {
  bool ready = !context.draining() && context.catalog.Default().has_value();
  return JsonResponse("\n", ready ? 200 : 404);
}

}  // namespace

void AddScoringRoutes(Router* router, const ServingContext& context) {
  const ServingContext* c = &context;
  router->Add({"POST", "/invocations",
               "MLflow: scores JSON (four forms) or CSV with the first model",
               [c](const Call& call) { return Invocations(*c, call); }});
  for (const char* path : {"/ping", "/health"}) {
    router->Add({"GET", path, "MLflow: 200 while a model can be asked",
                 [c](const Call&) { return Ping(*c); }});
  }
  router->Add({"GET", "/version", "MLflow: version of this program",
               [](const Call&) { return JsonResponse(QUERN_VERSION); }});
}

}  // namespace quern::server::mlflow
