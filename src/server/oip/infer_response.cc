#include "server/oip/infer_response.h"

#include <algorithm>

#include "base/text.h"
#include "server/http/predictions.h"
#include "serving/frame_builder.h"
#include "serving/json_text.h"

namespace quern::server::oip {

using serving::AppendJsonList;
using serving::AppendJsonText;

std::vector<TensorInfo> Outputs(const serving::Signature& signature) {
  if (signature.task == ml::Task::kRegression) return {{"prediction", "FP64", {-1, 1}}};
  std::string_view label = "BYTES";
  switch (serving::LabelTypeOf(signature)) {
    case serving::LabelType::kText:
      break;
    case serving::LabelType::kInteger:
      label = "INT64";
      break;
    case serving::LabelType::kDouble:
      label = "FP64";
      break;
  }
  return {{"label", label, {-1}},
          {"probabilities", "FP64", {-1, static_cast<int64_t>(signature.classes.size())}}};
}

std::vector<TensorInfo> Inputs(const serving::Signature& signature) {
  std::vector<TensorInfo> inputs;
  for (const ml::InputColumn& input : signature.inputs) {
    inputs.push_back({input.name, input.is_text ? "BYTES" : "FP64", {-1, 1}});
  }
  return inputs;
}

Status CheckOutputs(const InferRequest& request, const serving::Signature& signature) {
  std::vector<std::string> known;
  for (const TensorInfo& info : Outputs(signature)) known.emplace_back(info.name);
  for (const std::string& name : request.outputs) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return Fail(Code::kInvalidArgument, "unexpected output " + serving::Quoted(name),
                  SuggestName(name, known));
    }
  }
  return {};
}

std::string RenderInferResponse(const serving::ServedModel& served, const InferRequest& request,
                                const serving::ScoreAnswer& answer) {
  const serving::Signature& signature = served.signature();
  size_t rows = request.rows.rows();
  std::vector<TensorInfo> all = Outputs(signature);
  std::vector<TensorInfo> chosen;
  for (const std::string& name : request.outputs) {
    auto found =
        std::find_if(all.begin(), all.end(), [&](auto& info) { return info.name == name; });
    if (found != all.end()) chosen.push_back(*found);
  }
  if (request.outputs.empty()) chosen = all;

  std::string out = "{\"model_name\":";
  AppendJsonText(&out, served.name);
  out += ",\"model_version\":";
  AppendJsonText(&out, served.version);
  if (request.has_id) {
    out += ",\"id\":";
    AppendJsonText(&out, request.id);
  }
  if (!answer.prediction_ids.empty()) {
    out += ",\"parameters\":{\"prediction_ids\":";
    AppendIds(&out, answer.prediction_ids);
    out += '}';
  }
  out += ",\"outputs\":";
  AppendJsonList(&out, chosen.size(), [&](size_t i) {
    const TensorInfo& info = chosen[i];
    out += "{\"name\":";
    AppendJsonText(&out, info.name);
    out.append(",\"datatype\":\"").append(info.datatype).append("\",\"shape\":");
    AppendJsonList(&out, info.shape.size(), [&](size_t d) {
      serving::AppendJsonInt(&out, info.shape[d] < 0 ? static_cast<int64_t>(rows) : info.shape[d]);
    });
    out += ",\"data\":";
    if (info.name == "label") {
      AppendLabels(&out, signature, answer.scores);
    } else {
      AppendNumbers(&out, info.name == "prediction" ? answer.scores.predictions
                                                    : answer.scores.probabilities);
    }
    out += '}';
  });
  out += '}';
  return out;
}

}  // namespace quern::server::oip
