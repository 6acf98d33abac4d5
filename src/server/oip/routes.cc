#include "server/oip/routes.h"

#include "server/http/respond.h"
#include "server/oip/infer_request.h"
#include "server/oip/infer_response.h"
#include "serving/json_text.h"

namespace quern::server::oip {
namespace {

using serving::AppendJsonList;
using serving::AppendJsonText;

void AppendTensors(std::string* out, const std::vector<TensorInfo>& tensors) {
  AppendJsonList(out, tensors.size(), [&](size_t i) {
    out->append("{\"name\":");
    AppendJsonText(out, tensors[i].name);
    out->append(",\"datatype\":");
    AppendJsonText(out, tensors[i].datatype);
    out->append(",\"shape\":");
    AppendJsonList(out, tensors[i].shape.size(),
                   [&](size_t d) { serving::AppendJsonInt(out, tensors[i].shape[d]); });
    out->push_back('}');
  });
}

bool Ready(const ServingContext& context) {
  return !context.draining() && !context.catalog.Names().empty();
}

net::HttpResponse ServerReady(const ServingContext& context) {
  if (Ready(context)) return JsonResponse("{\"ready\":true}");
  return net::RenderJsonError(503,
                              context.draining() ? "the server is stopping" : "no model is loaded");
}

net::HttpResponse Metadata() {
  std::string out = "{\"name\":\"quern\",\"version\":";
  AppendJsonText(&out, QUERN_VERSION);
  out += ",\"extensions\":[\"parameters\"]}";
  return JsonResponse(std::move(out));
}

net::HttpResponse ModelList(const ServingContext& context) {
  std::vector<std::string> names = context.catalog.Names();
  std::string out = "{\"models\":";
  AppendJsonList(&out, names.size(), [&](size_t i) { AppendJsonText(&out, names[i]); });
  return JsonResponse(out + "}");
}

net::HttpResponse ModelMetadata(const ServingContext& context, const Call& call) {
  auto served = context.catalog.Find(call.Param("name"), call.Param("version"));
  if (!served) return ErrorResponse(served.error());
  const serving::ServedModel& model = **served;
  std::vector<std::string> versions = context.catalog.Versions(model.name);
  std::string out = "{\"name\":";
  AppendJsonText(&out, model.name);
  out += ",\"versions\":";
  AppendJsonList(&out, versions.size(), [&](size_t i) { AppendJsonText(&out, versions[i]); });
  out += ",\"platform\":\"quern_onnx\",\"inputs\":";
  AppendTensors(&out, Inputs(model.signature()));
  out += ",\"outputs\":";
  AppendTensors(&out, Outputs(model.signature()));
  return JsonResponse(out + "}");
}

net::HttpResponse ModelReady(const ServingContext& context, const Call& call) {
  auto served = context.catalog.Find(call.Param("name"), call.Param("version"));
  if (!served) return ErrorResponse(served.error());
  if (context.draining()) return net::RenderJsonError(503, "the server is stopping");
  std::string out = "{\"name\":";
  AppendJsonText(&out, (*served)->name);
  return JsonResponse(out + ",\"ready\":true}");
}

net::HttpResponse Infer(const ServingContext& context, const Call& call) {
  auto score = [&](const serving::ServedModel& served) -> Result<net::HttpResponse> {
    if (!call.request.Find("Inference-Header-Content-Length").empty()) {
      return Fail(Code::kInvalidArgument, "binary tensor data is not supported",
                  "send 'data' as JSON");
    }
    if (auto reason = NotJson(call.request)) return net::RenderJsonError(415, *reason);
    QUERN_ASSIGN(InferRequest request, ParseInferRequest(call.request.body, served.signature()));
    QUERN_TRY(CheckOutputs(request, served.signature()));
    QUERN_ASSIGN(serving::ScoreAnswer answer,
                 context.scoring.Score(served, request.rows, request.id));
    return JsonResponse(RenderInferResponse(served, request, answer));
  };
  return AnswerScoring(context, call.Param("name"), call.Param("version"), score, ErrorResponse);
}

}  // namespace

void AddRoutes(Router* router, const ServingContext& context) {
  const ServingContext* c = &context;
  router->Add({"GET", "/v2", "Open Inference Protocol: server metadata",
               [](const Call&) { return Metadata(); }});
  router->Add({"GET", "/v2/health/live", "the process answers",
               [](const Call&) { return JsonResponse("{\"live\":true}"); }});
  router->Add({"GET", "/v2/health/ready", "models are loaded and the server is not stopping",
               [c](const Call&) { return ServerReady(*c); }});
  router->Add(
      {"GET", "/v2/models", "names of the models", [c](const Call&) { return ModelList(*c); }});
  for (std::string base : {"/v2/models/{name}", "/v2/models/{name}/versions/{version}"}) {
    router->Add({"GET", base, "inputs, outputs and versions of a model",
                 [c](const Call& call) { return ModelMetadata(*c, call); }});
    router->Add({"GET", base + "/ready", "the model can be asked",
                 [c](const Call& call) { return ModelReady(*c, call); }});
    router->Add({"POST", base + "/infer", "scores JSON tensors",
                 [c](const Call& call) { return Infer(*c, call); }});
  }
}

}  // namespace quern::server::oip
