#include "pipeline/model_client.h"

#include <boost/json.hpp>
#include <cmath>

#include "base/json.h"
#include "base/text.h"
#include "net/encode_url.h"

namespace quern::pipeline {
namespace {

Result<json::value> ScoringBody(const Result<net::HttpResponse>& response) {
  if (!response) return std::unexpected(response.error());
  if (response->status == 503) {
    // A server that cannot keep its predictions gives none: with our own server that is the disk.
    return Fail(Code::kResourceExhausted,
                "the model server answered 503: " + response->body.substr(0, 300),
                "free some space on the disk and run again; logs/serve.log tells more");
  }
  if (response->status != 200) {
    return Fail(Code::kUnavailable, "the model server answered " +
                                        std::to_string(response->status) + ": " +
                                        response->body.substr(0, 300));
  }
  return ParseJson(response->body);
}

/// The named output, or null.
const json::value* OutputOf(const json::value& body, std::string_view name) {
  for (const json::value& output : body.at("outputs").as_array()) {
    if (output.at("name").as_string() == name) return &output;
  }
  return nullptr;
}

}  // namespace

json::array ModelClient::InputsOf(const Frame& rows) const {
  json::array inputs;
  for (const ml::InputColumn& input : signature_.inputs) {
    const Column* column = rows.Find(input.name);
    json::array data;
    for (size_t row = 0; row < rows.rows(); ++row) {
      if (column == nullptr || column->Missing(row)) {
        data.emplace_back(nullptr);
      } else if (input.is_text) {
        data.emplace_back(column->is_text ? column->texts[row]
                                          : ShortestDouble(column->numbers[row]));
      } else {
        data.emplace_back(column->numbers[row]);
      }
    }
    inputs.push_back(json::object{{"name", input.name},
                                  {"datatype", input.is_text ? "BYTES" : "FP64"},
                                  {"shape", json::array{rows.rows(), 1}},
                                  {"data", std::move(data)}});
  }
  return inputs;
}

std::string ModelClient::RequestBody(const Frame& rows, const std::string& request_id) const {
  json::object request{{"inputs", InputsOf(rows)}};
  if (!request_id.empty()) request["id"] = request_id;
  return WriteJson(request);
}

Result<ModelClient::Answer> ModelClient::Score(const Frame& rows, const std::string& request_id) {
  QUERN_ASSIGN(const json::value body,
               ScoringBody(client_.Post("/v2/models/" + net::EncodeUrl(model_) + "/infer",
                                        RequestBody(rows, request_id))));
  Answer answer;
  const bool regression = signature_.task == ml::Task::kRegression;
  const json::value* scores = OutputOf(body, regression ? "prediction" : "probabilities");
  const json::value* labels = regression ? nullptr : OutputOf(body, "label");
  if (scores == nullptr || (!regression && labels == nullptr)) {
    return Fail(Code::kInternal, "the model server left out an output");
  }
  for (const json::value& score : scores->at("data").as_array()) {
    const double value = score.is_null() ? std::nan("") : score.to_number<double>();
    (regression ? answer.scores.predictions : answer.scores.probabilities).push_back(value);
  }
  answer.scores.classes = signature_.classes.size();
  if (labels != nullptr) {
    for (const json::value& label : labels->at("data").as_array()) {
      const std::string text = label.is_string() ? std::string(label.as_string())
                                                 : ShortestDouble(label.to_number<double>());
      for (uint32_t i = 0; i < signature_.classes.size(); ++i) {
        if (signature_.classes[i] == text) answer.scores.labels.push_back(i);
      }
    }
  }
  if (const json::value* parameters = body.as_object().if_contains("parameters")) {
    for (const json::value& id : parameters->at("prediction_ids").as_array()) {
      answer.prediction_ids.emplace_back(id.as_string());
    }
  }
  if (!request_id.empty() && answer.prediction_ids.size() != rows.rows()) {
    return Fail(Code::kInternal,
                "the model server named " + std::to_string(answer.prediction_ids.size()) + " of " +
                    std::to_string(rows.rows()) + " predictions",
                "labels join by these names: serve the model with its predictions logged");
  }
  return answer;
}

Result<std::vector<ModelClient::Explained>> ModelClient::Explain(const Frame& rows,
                                                                 size_t max_evaluations) {
  const json::object request{{"inputs", InputsOf(rows)},
                             {"parameters", {{"max_evaluations", max_evaluations}}}};
  QUERN_ASSIGN(const json::value body,
               ScoringBody(client_.Post("/v2/models/" + net::EncodeUrl(model_) + "/explain",
                                        WriteJson(request))));
  std::vector<Explained> explained;
  for (const json::value& row : body.at("explanations").as_array()) {
    Explained one{row.at("score").to_number<double>(), row.at("base_value").to_number<double>(), 0};
    for (const json::value& part : row.at("contributions").as_array()) {
      one.contributions += part.at("contribution").to_number<double>();
    }
    explained.push_back(one);
  }
  return explained;
}

Result<ModelClient::Feedback> ModelClient::SendLabels(
    const std::vector<std::string>& prediction_ids, const std::vector<std::string>& labels,
    const std::string& source) {
  json::array list;
  for (size_t i = 0; i < labels.size(); ++i) {
    list.push_back(json::object{
        {"prediction_id", prediction_ids[i]}, {"label", labels[i]}, {"source", source}});
  }
  QUERN_ASSIGN(const json::value body, ScoringBody(client_.Post("/v1/feedback", WriteJson(list))));
  return Feedback{labels.size(), body.at("unknown").as_array().size()};
}

}  // namespace quern::pipeline
