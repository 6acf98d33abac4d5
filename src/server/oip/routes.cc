#include "server/oip/routes.h"

#include "server/http/respond.h"
#include "server/oip/infer.h"
#include "server/oip/infer_response.h"
#include "server/oip/repository_routes.h"
#include "serving/json_text.h"

namespace quern::server::oip {
namespace {

using serving::AppendJsonInt;
using serving::AppendJsonList;
using serving::AppendJsonText;

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
  out +=
      ",\"extensions\":[\"binary_tensor_data\",\"model_repository\",\"model_configuration\","
      "\"parameters\",\"statistics\"]}";
  return JsonResponse(std::move(out));
}

net::HttpResponse ModelList(const ServingContext& context) {
  std::vector<std::string> names = context.catalog.Names();
  std::string out = "{\"models\":";
  AppendJsonList(&out, names.size(), [&](size_t i) { AppendJsonText(&out, names[i]); });
  return JsonResponse(out + "}");
}

std::string_view Platform(const serving::ServedModel& model) {
  return model.engine().kind() == model::EngineKind::kCompiled ? "quern_compiled" : "onnx_onnxv1";
}

net::HttpResponse ModelMetadata(const ServingContext& context, const Call& call) {
  auto served = context.catalog.Find(call.Param("name"), call.Param("version"));
  if (!served) return ErrorResponse(served.error());
  const serving::ServedModel& model = **served;
  std::vector<std::string> versions = context.catalog.Versions(model.name());
  std::string out = "{\"name\":";
  AppendJsonText(&out, model.name());
  out += ",\"versions\":";
  AppendJsonList(&out, versions.size(), [&](size_t i) { AppendJsonText(&out, versions[i]); });
  out.append(",\"platform\":\"").append(Platform(model)).append("\",\"inputs\":");
  AppendTensorSpecs(&out, model.engine().inputs());
  out += ",\"outputs\":";
  AppendTensorSpecs(&out, model.engine().outputs());
  if (!model.metadata().empty()) {
    out += ",\"properties\":{";
    for (const auto& [key, value] : model.metadata()) {
      if (out.back() != '{') out += ',';
      AppendJsonText(&out, key);
      out += ':';
      AppendJsonText(&out, value);
    }
    out += '}';
  }
  return JsonResponse(out + "}");
}

net::HttpResponse ModelReady(const ServingContext& context, const Call& call) {
  auto served = context.catalog.Find(call.Param("name"), call.Param("version"));
  if (!served) return ErrorResponse(served.error());
  if (context.draining()) return net::RenderJsonError(503, "the server is stopping");
  std::string out = "{\"name\":";
  AppendJsonText(&out, (*served)->name());
  return JsonResponse(out + ",\"ready\":true}");
}

/// The model configuration extension, as far as it says something here: dims without the rows.
void AppendConfigTensors(std::string* out, const std::vector<model::TensorSpec>& specs) {
  AppendJsonList(out, specs.size(), [&](size_t i) {
    out->append("{\"name\":");
    AppendJsonText(out, specs[i].name);
    const bool text = specs[i].type == model::DataType::kBytes;
    out->append(",\"data_type\":\"TYPE_");
    out->append(text ? "STRING" : model::DataTypeName(specs[i].type)).append("\",\"dims\":");
    AppendJsonList(out, specs[i].shape.size(),
                   [&](size_t d) { AppendJsonInt(out, specs[i].shape[d]); });
    out->push_back('}');
  });
}

net::HttpResponse ModelConfig(const ServingContext& context, const Call& call) {
  auto served = context.catalog.Find(call.Param("name"), call.Param("version"));
  if (!served) return ErrorResponse(served.error());
  std::string out = "{\"name\":";
  AppendJsonText(&out, (*served)->name());
  out.append(",\"platform\":\"").append(Platform(**served));
  out += "\",\"backend\":\"quern\",\"max_batch_size\":0,\"input\":";
  AppendConfigTensors(&out, (*served)->engine().inputs());
  out += ",\"output\":";
  AppendConfigTensors(&out, (*served)->engine().outputs());
  return JsonResponse(out + "}");
}

net::HttpResponse InferByRoute(const ServingContext& context, const Call& call) {
  return AnswerExchange(call.request, [&](const Exchange& exchange) {
    Infer(context, call.Param("name"), call.Param("version"), exchange);
  });
}

net::HttpResponse ExplainByRoute(const ServingContext& context, const Call& call) {
  return AnswerExchange(call.request, [&](const Exchange& exchange) {
    Explain(context, call.Param("name"), call.Param("version"), exchange);
  });
}

}  // namespace

void AddRoutes(Router* router, const ServingContext& context) {
  const ServingContext* c = &context;
  AddRepositoryRoutes(router, context);  // first: /v2/models/stats is no model's name
  router->Add({"GET", "/v2/health/live", "OIP: the process answers",
               [](const Call&) { return JsonResponse("{\"live\":true}"); }});
  router->Add({"GET", "/v2/health/ready", "OIP: all models can be asked",
               [c](const Call&) { return ServerReady(*c); }});
  router->Add({"GET", "/v2", "OIP: name, version, extensions of this server",
               [](const Call&) { return Metadata(); }});
  router->Add(
      {"GET", "/v2/models", "names of the models", [c](const Call&) { return ModelList(*c); }});
  for (const std::string base : {"/v2/models/{name}", "/v2/models/{name}/versions/{version}"}) {
    router->Add({"GET", base, "OIP: inputs and outputs of a model; a version may be an alias",
                 [c](const Call& call) { return ModelMetadata(*c, call); }});
    router->Add({"GET", base + "/ready", "OIP: this model can be asked",
                 [c](const Call& call) { return ModelReady(*c, call); }});
    router->Add({"GET", base + "/config", "OIP: types and dimensions, as Triton's clients ask",
                 [c](const Call& call) { return ModelConfig(*c, call); }});
    const std::vector<std::string> bodies = {"application/json", "application/octet-stream"};
    router->Add({"POST",
                 base + "/infer",
                 "OIP: scores JSON or binary tensors",
                 [c](const Call& call) { return InferByRoute(*c, call); },
                 {},
                 bodies});
    router->Add({"POST",
                 base + "/explain",
                 "which columns speak for the answers of /infer",
                 [c](const Call& call) { return ExplainByRoute(*c, call); },
                 {},
                 bodies});
  }
}

}  // namespace quern::server::oip
