#include "server/oip/repository_routes.h"

#include <boost/json.hpp>

#include "server/http/respond.h"
#include "serving/json_text.h"

namespace quern::server::oip {
namespace {

using serving::AppendJsonInt;
using serving::AppendJsonList;
using serving::AppendJsonText;

void AppendCounted(std::string* out, std::string_view name, uint64_t count, uint64_t ns) {
  if (out->back() != '{') out->push_back(',');
  AppendJsonText(out, name);
  out->append(":{\"count\":");
  AppendJsonInt(out, static_cast<int64_t>(count));
  out->append(",\"ns\":");
  AppendJsonInt(out, static_cast<int64_t>(ns));
  out->push_back('}');
}

/// Runs of the engine by their number of rows, as Triton lists them.
void AppendBatchStats(std::string* out, const serving::ModelMetrics::Totals& totals) {
  out->append("\"batch_stats\":[");
  for (size_t i = 0; i < totals.runs.size(); ++i) {
    const serving::RunsOfSize& runs = totals.runs[i];
    if (runs.count == 0) continue;
    if (out->back() != '[') out->push_back(',');
    out->append("{\"batch_size\":");
    AppendJsonInt(out, static_cast<int64_t>(i + 1));
    AppendCounted(out, "compute_input", runs.count, runs.input);
    AppendCounted(out, "compute_infer", runs.count, runs.infer);
    AppendCounted(out, "compute_output", runs.count, runs.output);
    out->push_back('}');
  }
  out->push_back(']');
}

/// As the protocol's statistics extension has it.
void AppendStats(std::string* out, const serving::ServedModel& model) {
  const serving::ModelMetrics::Totals totals = model.metrics().Sum();
  out->append("{\"name\":");
  AppendJsonText(out, model.name());
  out->append(",\"version\":");
  AppendJsonText(out, model.version());
  out->append(",\"last_inference\":");
  AppendJsonInt(out, totals.last_ms);
  out->append(",\"inference_count\":");
  AppendJsonInt(out, static_cast<int64_t>(totals.rows));
  out->append(",\"execution_count\":");
  AppendJsonInt(out, static_cast<int64_t>(totals.executions));
  out->append(",\"inference_stats\":{");
  AppendCounted(out, "success", totals.success.count, totals.success.ns);
  AppendCounted(out, "fail", totals.fail.count, totals.fail.ns);
  AppendCounted(out, "queue", totals.queue.count, totals.queue.ns);
  AppendCounted(out, "compute_input", totals.input.count, totals.input.ns);
  AppendCounted(out, "compute_infer", totals.infer.count, totals.infer.ns);
  AppendCounted(out, "compute_output", totals.output.count, totals.output.ns);
  AppendCounted(out, "cache_hit", 0, 0);
  AppendCounted(out, "cache_miss", 0, 0);
  out->append("},");
  AppendBatchStats(out, totals);
  out->push_back('}');
}

net::HttpResponse Stats(const ServingContext& context, const Call& call) {
  std::vector<serving::ServedModelPtr> models;
  if (call.Param("name").empty()) {
    models = context.catalog.All();
  } else {
    auto found = context.catalog.Find(call.Param("name"), call.Param("version"));
    if (!found) return ErrorResponse(found.error());
    models = {*found};
    if (call.Param("version").empty()) {  // all versions
      models.clear();
      for (const std::string& version : context.catalog.Versions((*found)->name())) {
        auto one = context.catalog.Find((*found)->name(), version);
        if (one) models.push_back(*one);
      }
    }
  }
  std::string out = "{\"model_stats\":";
  AppendJsonList(&out, models.size(), [&](size_t i) { AppendStats(&out, *models[i]); });
  return JsonResponse(out + "}");
}

/// `{"ready": true}` asks for the loaded ones alone.
Result<bool> ReadyAlone(std::string_view body) {
  if (body.empty()) return false;
  QUERN_ASSIGN(const json::value parsed, ParseBody(body));
  const json::value* ready = parsed.is_object() ? parsed.as_object().if_contains("ready") : nullptr;
  if (!parsed.is_object() || (ready != nullptr && !ready->is_bool())) {
    return Fail(Code::kInvalidArgument, "the request body must be {\"ready\": true or false}");
  }
  return ready != nullptr && ready->as_bool();
}

net::HttpResponse Index(const ServingContext& context, const Call& call) {
  auto ready_alone = ReadyAlone(call.request.body);
  if (!ready_alone) return ErrorResponse(ready_alone.error());
  std::string out = "[";
  for (const ModelControl::Known& known : context.control.Index()) {
    if (*ready_alone && !known.loaded) continue;
    if (out.size() > 1) out += ',';
    out += "{\"name\":";
    AppendJsonText(&out, known.name);
    out += ",\"version\":";
    AppendJsonText(&out, known.version);
    out += known.loaded ? ",\"state\":\"READY\",\"reason\":"
                        : ",\"state\":\"UNAVAILABLE\",\"reason\":";
    AppendJsonText(&out, known.reason);
    out += '}';
  }
  return JsonResponse(out + "]");
}

/// A body is not needed; `{"parameters": {…}}` of a load may ask for nothing. `unload_dependents`
/// of Triton's clients speaks of ensembles, which there are none of.
Status CheckControlBody(std::string_view body, bool load) {
  if (body.empty()) return {};
  QUERN_ASSIGN(const json::value parsed, ParseBody(body));
  if (!parsed.is_object()) {
    return Fail(Code::kInvalidArgument, "the request body must be a JSON object");
  }
  const json::value* parameters = parsed.as_object().if_contains("parameters");
  if (parameters == nullptr || parameters->is_null()) return {};
  if (!parameters->is_object()) {
    return Fail(Code::kInvalidArgument, "'parameters' must be an object");
  }
  const json::object& given = parameters->as_object();
  return load && !given.empty() ? Status(NoLoadParameter(given.begin()->key())) : Status();
}

net::HttpResponse Control(const ServingContext& context, const Call& call, bool load) {
  if (!context.control.allowed()) {
    return net::RenderJsonError(
        403, "loading and unloading is not allowed on this server: start it with --model-control");
  }
  if (const Status body = CheckControlBody(call.request.body, load); !body) {
    return ErrorResponse(body.error());
  }
  const Status status =
      load ? context.control.Load(call.Param("name")) : context.control.Unload(call.Param("name"));
  if (!status) return ErrorResponse(status.error());
  return JsonResponse("");
}

}  // namespace

void AddRepositoryRoutes(Router* router, const ServingContext& context) {
  const ServingContext* c = &context;
  router->Add({"GET", "/v2/models/stats", "OIP: counts and times of all models",
               [c](const Call& call) { return Stats(*c, call); }});
  for (const std::string base : {"/v2/models/{name}", "/v2/models/{name}/versions/{version}"}) {
    router->Add({"GET", base + "/stats", "OIP: counts and times of a model, in nanoseconds",
                 [c](const Call& call) { return Stats(*c, call); }});
  }
  router->Add({"POST", "/v2/repository/index", "OIP: all models that this server knows",
               [c](const Call& call) { return Index(*c, call); }});
  router->Add({"POST", "/v2/repository/models/{name}/load",
               "OIP: loads a known model (again); needs --model-control",
               [c](const Call& call) { return Control(*c, call, true); }});
  router->Add({"POST", "/v2/repository/models/{name}/unload",
               "OIP: takes a model out of service; needs --model-control",
               [c](const Call& call) { return Control(*c, call, false); }});
}

}  // namespace quern::server::oip
