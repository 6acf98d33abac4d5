#include "server/mlflow/invocations.h"

#include "base/text.h"
#include "server/explaining.h"
#include "server/http/respond.h"
#include "server/http/tensor_text.h"
#include "server/mlflow/scoring_request.h"
#include "serving/background.h"
#include "serving/json_text.h"

namespace quern::server::mlflow {
namespace {

using serving::AppendJsonList;
using serving::AppendJsonText;

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

void WriteMlflowError(const Error& error, net::ResponseWriter& out) {
  StartError(error, out);
  out.body() += "{\"error_code\":";
  AppendJsonText(&out.body(), ErrorName(PublicCode(error)));
  out.body() += ",\"message\":";
  AppendJsonText(&out.body(), PublicMessage(error));
  out.body() += '}';
}

/// How a body is to be read.
struct BodyForm {
  bool csv = false;
  bool header = true;   // of CSV
  std::string refusal;  // the text of a 415
};

/// `header=present|absent` says whether CSV has names (SageMaker); no other parameter is known.
BodyForm FormOf(std::string_view content_type) {
  BodyForm form;
  if (content_type == "application/json") return form;
  form.csv = content_type == "text/csv";
  if (form.csv) return form;
  const MediaType media = ParseMediaType(content_type);
  if (media.charset != "utf-8") {
    form.refusal = "The scoring server only supports UTF-8";
    return form;
  }
  form.csv = media.type == "text/csv";
  std::string_view others = media.other;
  if (form.csv && (media.header == "present" || media.header == "absent")) {
    form.header = media.header == "present";
  } else if (!media.header.empty()) {
    others = "header";
  }
  if (!others.empty()) {
    form.refusal = "Unrecognized content type parameters: " + Printable(others) + ".";
  } else if (!form.csv && media.type != "application/json") {
    form.refusal =
        "This predictor only supports the following content types: Types: "
        "['text/csv', 'application/json']. Got '" +
        Printable(content_type) + "'.";
  }
  return form;
}

/// Whether MLflow would answer a list of records: a DataFrame went in, and every output is one
/// value per row.
bool AnswersRecords(const serving::ServedModel& served, bool table,
                    const serving::InferenceAnswer& answer) {
  if (!table || answer.outputs.empty()) return false;
  if (served.mlflow() && served.mlflow()->tensors) return false;
  for (const serving::NamedTensor& output : answer.outputs) {
    if (output.tensor.shape.empty() || output.tensor.elements() != answer.rows) return false;
  }
  return true;
}

/// As `mlflow models serve` answers for the same model.
void WritePredictions(bool table, const serving::InferenceAnswer& answer, std::string* out) {
  out->append("{\"predictions\":");
  if (AnswersRecords(*answer.model, table, answer)) {
    AppendJsonList(out, answer.rows, [&](size_t row) {
      for (size_t i = 0; i < answer.outputs.size(); ++i) {
        out->push_back(i == 0 ? '{' : ',');
        AppendJsonText(out, answer.outputs[i].name);
        out->push_back(':');
        AppendRow(out, answer.outputs[i].tensor, row, true);
      }
      out->push_back('}');
    });
  } else {
    out->push_back('{');
    for (size_t i = 0; i < answer.outputs.size(); ++i) {
      if (i > 0) out->push_back(',');
      AppendJsonText(out, answer.outputs[i].name);
      out->push_back(':');
      AppendNested(out, answer.outputs[i].tensor);
    }
    out->push_back('}');
  }
  if (!answer.prediction_ids.empty()) {
    out->append(",\"prediction_ids\":");
    serving::AppendJsonTexts(out, answer.prediction_ids);
  }
  out->push_back('}');
}

Result<ScoringRequest> Read(const BodyForm& form, const serving::ServedModel& served,
                            std::string_view body, Arena& arena) {
  return form.csv ? ReadScoringCsv(body, form.header, served, arena)
                  : ReadScoringJson(body, served, arena);
}

/// With its deadline.
Result<ScoringRequest> ReadTimed(const BodyForm& form, const serving::ServedModel& served,
                                 const Exchange& exchange) {
  return exchange.ReadOnce<ScoringRequest>(served, [&]() -> Result<ScoringRequest> {
    QUERN_ASSIGN(const double deadline, ReadDeadline(exchange.request));
    QUERN_ASSIGN(ScoringRequest request, Read(form, served, exchange.request.body, exchange.arena));
    request.call.deadline = deadline;
    return request;
  });
}

/// Explanations in place of predictions.
void Explain(const ServingContext& context, std::string_view model, const BodyForm& form,
             const Exchange& exchange) {
  AnswerExplain(
      context, model, "", exchange,
      [&](const serving::ServedModel& served) -> Result<serving::InferenceCall> {
        QUERN_ASSIGN(const ScoringRequest request, ReadTimed(form, served, exchange));
        return request.call;
      },
      [](const serving::Explanation&, std::string*) {}, WriteMlflowError);
}

}  // namespace

Result<ReadAhead> ReadCall(const serving::ServedModel& served, const Exchange& exchange) {
  const BodyForm form = FormOf(exchange.request.Find("Content-Type"));
  if (!form.refusal.empty()) return Fail(Code::kInvalidArgument, form.refusal);
  QUERN_ASSIGN(const ScoringRequest request, ReadTimed(form, served, exchange));
  return exchange.Keep(request);
}

void Invocations(const ServingContext& context, std::string_view model, const Exchange& exchange) {
  const BodyForm form = FormOf(exchange.request.Find("Content-Type"));
  if (!form.refusal.empty()) {
    exchange.out.SetStatus(415);
    exchange.out.SetContentType("text/plain");
    exchange.out.body() = form.refusal;
    return;
  }
  // What may ask so is never answered where nobody may wait (serve.cc).
  if (exchange.may_wait && !form.csv && MayAskForExplanations(exchange.request.body) &&
      AsksForExplanations(exchange.request.body, "params", exchange.arena)) {
    return Explain(context, model, form, exchange);
  }
  const auto score = [&](const serving::ServedModelPtr& served, const Routed& routed) -> Status {
    QUERN_ASSIGN(ScoringRequest request, ReadTimed(form, *served, exchange));
    QUERN_ASSIGN(const serving::InferenceAnswer answer,
                 InferRouted(context, served, request.call, routed, exchange.arena));
    WritePredictions(request.table, answer, &exchange.out.body());
    CompressAnswer(exchange);
    return {};
  };
  AnswerScoring(
      context, model, "", exchange, score,
      [&](const Error& error) { WriteMlflowError(error, exchange.out); },
      [&](const serving::ServedModelPtr& served, std::string_view field) {
        const auto request = Read(form, *served, exchange.request.body, exchange.arena);
        return request ? KeyText(request->call, field, exchange.arena) : std::string_view();
      });
}

Status TryExample(const serving::ServedModel& served, std::string_view body) {
  auto trial = std::make_shared<serving::ServedModel>(served);
  trial->ShareMetrics(std::make_shared<serving::ModelMetrics>(served.metrics().columns(),
                                                              served.metrics().classes()));
  const serving::Catalog none;
  const serving::InferenceService service(none, SystemClock(), nullptr);
  Arena arena;
  QUERN_ASSIGN(const ScoringRequest request, ReadScoringJson(body, *trial, arena));
  QUERN_TRY(service.Infer(std::move(trial), request.call, arena));
  return {};
}

Status KeepExample(std::string_view body, serving::ServedModel& served) {
  if (served.background() != nullptr || served.leaves_out_background() ||
      served.form() == serving::InputForm::kTensors) {
    return {};
  }
  Arena arena;
  QUERN_ASSIGN(const ScoringRequest request, ReadScoringJson(body, served, arena));
  QUERN_ASSIGN(auto rows, serving::MakeBackground(served, request.call,
                                                  serving::Background::Source::kExample));
  served.CompareWith(std::move(rows));
  return {};
}

}  // namespace quern::server::mlflow
