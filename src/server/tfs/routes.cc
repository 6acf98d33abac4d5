#include "server/tfs/routes.h"

#include <algorithm>
#include <array>

#include "server/explaining.h"
#include "server/http/exchange.h"
#include "server/http/respond.h"
#include "server/http/tensor_text.h"
#include "server/tfs/predict_request.h"
#include "serving/input_binding.h"
#include "serving/json_text.h"

namespace quern::server::tfs {
namespace {

using serving::AppendJsonList;
using serving::AppendJsonText;
using serving::InferenceAnswer;

std::string_view VersionOf(const Call& call) {
  const std::string_view label = call.Param("label");
  return label.empty() ? call.Param("version") : label;
}

constexpr std::array<std::string_view, 4> kVerbs = {"predict", "classify", "regress", "explain"};

/// Takes ":verb" off the last part of a path: one of kVerbs, or "", and then nothing is taken off.
std::string_view TakeVerb(std::string_view* last) {
  const size_t colon = last->rfind(':');
  if (colon == std::string_view::npos) return "";
  const std::string_view word = last->substr(colon + 1);
  if (std::find(kVerbs.begin(), kVerbs.end(), word) == kVerbs.end()) return "";
  last->remove_suffix(word.size() + 1);
  return word;
}

/// Both protocols ask the same path for this; each finds the keys that it looks for.
net::HttpResponse ModelStatus(const ServingContext& context, const Call& call) {
  std::string_view last = VersionOf(call).empty() ? call.Param("name") : VersionOf(call);
  if (!TakeVerb(&last).empty()) {
    net::HttpResponse refusal =
        net::RenderJsonError(405, "Method Not Allowed: this is asked by POST");
    refusal.headers.push_back({"Allow", "POST"});
    return refusal;
  }
  auto served = context.catalog.Find(call.Param("name"), VersionOf(call));
  if (!served) return ErrorResponse(served.error());
  const bool ready = !context.draining();
  std::vector<std::string> versions = {(*served)->version()};
  if (VersionOf(call).empty()) versions = context.catalog.Versions((*served)->name());
  std::string out = "{\"name\":";
  AppendJsonText(&out, (*served)->name());
  out += ready ? ",\"ready\":true" : ",\"ready\":false";
  out += ",\"model_version_status\":";
  AppendJsonList(&out, versions.size(), [&](size_t i) {
    out += "{\"version\":";
    AppendJsonText(&out, versions[i]);
    out += ready ? ",\"state\":\"AVAILABLE\"" : ",\"state\":\"UNLOADING\"";
    out += ",\"status\":{\"error_code\":\"OK\",\"error_message\":\"\"}}";
  });
  return JsonResponse(out + "}");
}

std::string_view TypeName(model::DataType type) {
  switch (type) {
    case model::DataType::kBool:
      return "DT_BOOL";
    case model::DataType::kBytes:
      return "DT_STRING";
    case model::DataType::kFp16:
      return "DT_HALF";
    case model::DataType::kBf16:
      return "DT_BFLOAT16";
    case model::DataType::kFp32:
      return "DT_FLOAT";
    case model::DataType::kFp64:
      return "DT_DOUBLE";
    default:
      return "";
  }
}

void AppendSpecs(std::string* out, const std::vector<model::TensorSpec>& specs) {
  out->push_back('{');
  for (size_t i = 0; i < specs.size(); ++i) {
    if (i > 0) out->push_back(',');
    AppendJsonText(out, specs[i].name);
    out->append(":{\"dtype\":\"");
    const std::string_view type = TypeName(specs[i].type);
    // Integers: DT_INT64 and so on.
    out->append(type.empty() ? "DT_" : type);
    if (type.empty()) out->append(model::DataTypeName(specs[i].type));
    out->append("\",\"tensor_shape\":{\"dim\":");
    AppendJsonList(out, specs[i].shape.size(), [&](size_t d) {
      out->append("{\"size\":\"").append(std::to_string(specs[i].shape[d]));
      out->append("\",\"name\":\"\"}");
    });
    out->append(",\"unknown_rank\":false},\"name\":");
    AppendJsonText(out, specs[i].name);
    out->push_back('}');
  }
  out->push_back('}');
}

net::HttpResponse Metadata(const ServingContext& context, const Call& call) {
  auto served = context.catalog.Find(call.Param("name"), VersionOf(call));
  if (!served) return ErrorResponse(served.error());
  std::string out = "{\"model_spec\":{\"name\":";
  AppendJsonText(&out, (*served)->name());
  out += ",\"signature_name\":\"\",\"version\":";
  AppendJsonText(&out, (*served)->version());
  out += "},\"metadata\":{\"signature_def\":{\"signature_def\":{\"serving_default\":{\"inputs\":";
  AppendSpecs(&out, (*served)->engine().inputs());
  out += ",\"outputs\":";
  AppendSpecs(&out, (*served)->engine().outputs());
  return JsonResponse(out + ",\"method_name\":\"tensorflow/serving/predict\"}}}}}");
}

/// One entry per row: the output's, or an object of all outputs' where there are several.
void WriteRows(const InferenceAnswer& answer, std::string* out) {
  AppendJsonList(out, answer.rows, [&](size_t row) {
    if (answer.outputs.size() == 1) {
      return AppendRow(out, answer.outputs[0].tensor, row, true);
    }
    for (size_t i = 0; i < answer.outputs.size(); ++i) {
      out->push_back(i == 0 ? '{' : ',');
      AppendJsonText(out, answer.outputs[i].name);
      out->push_back(':');
      AppendRow(out, answer.outputs[i].tensor, row, true);
    }
    out->push_back('}');
  });
}

void WriteTensors(const InferenceAnswer& answer, std::string* out) {
  if (answer.outputs.size() == 1) return AppendNested(out, answer.outputs[0].tensor);
  for (size_t i = 0; i < answer.outputs.size(); ++i) {
    out->push_back(i == 0 ? '{' : ',');
    AppendJsonText(out, answer.outputs[i].name);
    out->push_back(':');
    AppendNested(out, answer.outputs[i].tensor);
  }
  out->push_back('}');
}

/// `,"prediction_ids": …` where predictions are kept, then the end of the object.
void WriteEnd(const InferenceAnswer& answer, std::string* out) {
  if (!answer.prediction_ids.empty()) {
    out->append(",\"prediction_ids\":");
    serving::AppendJsonTexts(out, answer.prediction_ids);
  }
  out->push_back('}');
}

bool IsRowWise(const InferenceAnswer& answer) {
  for (const serving::NamedTensor& output : answer.outputs) {
    if (output.tensor.shape.empty() ||
        output.tensor.shape[0] != static_cast<int64_t>(answer.rows)) {
      return false;
    }
  }
  return answer.rows > 0;
}

Status Predict(const ServingContext& context, const serving::ServedModelPtr& served,
               const Routed& routed, const Exchange& exchange) {
  QUERN_ASSIGN(PredictRequest request, ReadPredict(exchange.request.body, *served, exchange.arena));
  QUERN_ASSIGN(request.call.deadline, ReadDeadline(exchange.request));
  QUERN_ASSIGN(const InferenceAnswer answer,
               InferRouted(context, served, request.call, routed, exchange.arena));
  std::string* out = &exchange.out.body();
  out->append(request.by_row ? "{\"predictions\":" : "{\"outputs\":");
  if (request.by_row && IsRowWise(answer)) {
    WriteRows(answer, out);
  } else {
    WriteTensors(answer, out);
  }
  WriteEnd(answer, out);
  return {};
}

/// Per example: each class with its probability.
Status Classify(const ServingContext& context, const serving::ServedModelPtr& served,
                const Routed& routed, const Exchange& exchange) {
  if (!served->signature() || !served->signature()->classifies()) {
    return Fail(Code::kInvalidArgument,
                "model '" + served->name() + "' has no classes to answer :classify with",
                "ask :predict");
  }
  QUERN_ASSIGN(PredictRequest request,
               ReadExamples(exchange.request.body, *served, exchange.arena));
  QUERN_ASSIGN(request.call.deadline, ReadDeadline(exchange.request));
  QUERN_ASSIGN(const InferenceAnswer answer,
               InferRouted(context, served, request.call, routed, exchange.arena));
  const std::string_view wanted = served->engine().outputs()[*served->score_output()].name;
  const auto& classes = served->signature()->classes;
  std::string* out = &exchange.out.body();
  out->append("{\"result\":");
  for (const serving::NamedTensor& output : answer.outputs) {
    if (output.name != wanted) continue;
    if (output.tensor.elements() != answer.rows * classes.size()) {
      return Fail(Code::kInternal, "the model answered with another number of scores than classes");
    }
    AppendJsonList(out, answer.rows, [&](size_t row) {
      AppendJsonList(out, classes.size(), [&](size_t i) {
        out->push_back('[');
        AppendJsonText(out, classes[i]);
        out->push_back(',');
        AppendElement(out, output.tensor, row * classes.size() + i);
        out->push_back(']');
      });
    });
  }
  WriteEnd(answer, out);
  return {};
}

/// Per example: the value.
Status Regress(const ServingContext& context, const serving::ServedModelPtr& served,
               const Routed& routed, const Exchange& exchange) {
  const bool classifies = served->signature() && served->signature()->classifies();
  if (!served->score_output() || classifies) {
    return Fail(Code::kInvalidArgument,
                "model '" + served->name() + "' has no one value to answer :regress with",
                "ask :predict");
  }
  QUERN_ASSIGN(PredictRequest request,
               ReadExamples(exchange.request.body, *served, exchange.arena));
  QUERN_ASSIGN(request.call.deadline, ReadDeadline(exchange.request));
  QUERN_ASSIGN(const InferenceAnswer answer,
               InferRouted(context, served, request.call, routed, exchange.arena));
  const model::TensorView& values = answer.outputs[*served->score_output()].tensor;
  if (values.elements() != answer.rows) {
    return Fail(Code::kInvalidArgument, "the model answers more than one value per example",
                "ask :predict");
  }
  std::string* out = &exchange.out.body();
  out->append("{\"result\":");
  AppendElements(out, values, 0, answer.rows);
  WriteEnd(answer, out);
  return {};
}

/// {"explanations": one per row}.
net::HttpResponse Explain(const ServingContext& context, std::string_view name,
                          std::string_view version, const Call& call) {
  return AnswerExchange(call.request, [&](const Exchange& exchange) {
    AnswerExplain(
        context, name, version, exchange,
        [&](const serving::ServedModel& served) -> Result<serving::InferenceCall> {
          QUERN_ASSIGN(PredictRequest request,
                       ReadPredict(exchange.request.body, served, exchange.arena));
          QUERN_ASSIGN(request.call.deadline, ReadDeadline(exchange.request));
          return request.call;
        },
        [](const serving::Explanation&, std::string*) {});
  });
}

/// Whether the `parameters` of :predict ask for explanations in place of predictions.
bool AsksForExplanations(std::string_view body) {
  return MayAskForExplanations(body) &&
         server::AsksForExplanations(body, "parameters", RequestArena());
}

using Verb = Status (*)(const ServingContext&, const serving::ServedModelPtr&, const Routed&,
                        const Exchange&);

/// The last part of the path is NAME:verb.
net::HttpResponse Post(const ServingContext& context, const Call& call) {
  std::string_view name = call.Param("name");
  std::string_view version = VersionOf(call);
  const std::string_view word = TakeVerb(version.empty() ? &name : &version);
  if (word.empty()) {
    return net::RenderJsonError(
        404, "Not Found: models take :predict, :classify, :regress and :explain");
  }
  const Verb verb = word == "classify" ? Classify : word == "regress" ? Regress : Predict;
  if (word == "explain" || (word == "predict" && AsksForExplanations(call.request.body))) {
    return Explain(context, name, version, call);
  }
  return AnswerExchange(call.request, [&](const Exchange& exchange) {
    AnswerScoring(
        context, name, version, exchange,
        [&](const serving::ServedModelPtr& served, const Routed& routed) -> Status {
          QUERN_TRY(verb(context, served, routed, exchange));
          CompressAnswer(exchange);
          return {};
        },
        [&](const Error& error) { WriteError(error, exchange.out); },
        [&](const serving::ServedModelPtr& served, std::string_view field) {
          const std::string_view body = exchange.request.body;
          const auto request = verb == Predict ? ReadPredict(body, *served, exchange.arena)
                                               : ReadExamples(body, *served, exchange.arena);
          return request ? KeyText(request->call, field, exchange.arena) : std::string_view();
        });
  });
}

net::HttpResponse ModelList(const ServingContext& context) {
  const std::vector<std::string> names = context.catalog.Names();
  std::string out = "{\"models\":";
  AppendJsonList(&out, names.size(), [&](size_t i) { AppendJsonText(&out, names[i]); });
  return JsonResponse(out + "}");
}

}  // namespace

void AddRoutes(Router* router, const ServingContext& context) {
  const ServingContext* c = &context;
  router->Add({"GET", "/v1/models", "KServe v1: names of the models",
               [c](const Call&) { return ModelList(*c); }});
  for (const std::string base : {"/v1/models/{name}", "/v1/models/{name}/versions/{version}",
                                 "/v1/models/{name}/labels/{label}"}) {
    router->Add({"GET", base, "TensorFlow Serving, KServe v1: state; a label is an alias",
                 [c](const Call& call) { return ModelStatus(*c, call); }});
    router->Add({"GET", base + "/metadata", "TensorFlow Serving: inputs and outputs",
                 [c](const Call& call) { return Metadata(*c, call); }});
    Route post{"POST", base, "TensorFlow Serving, KServe v1: scores JSON, or explains",
               [c](const Call& call) { return Post(*c, call); }};
    for (const std::string_view verb : kVerbs) post.endings.push_back(":" + std::string(verb));
    router->Add(std::move(post));
  }
}

}  // namespace quern::server::tfs
