#pragma once
// Our own client of the model server: Open Inference Protocol to score, /v1/feedback to send
// labels.
#include <cstdint>
#include <string>
#include <vector>

#include "base/frame.h"
#include "base/json.h"
#include "base/result.h"
#include "ml/fitted.h"
#include "model/signature.h"
#include "net/client.h"

namespace quern::pipeline {

/// Not thread-safe: one connection.
class ModelClient {
 public:
  ModelClient(uint16_t port, std::string model, const model::Signature& signature)
      : client_("127.0.0.1", port), model_(std::move(model)), signature_(signature) {}

  struct Answer {
    ml::Scores scores;
    std::vector<std::string> prediction_ids;
  };
  /// All rows in one request, with the ids under which the server logged them (they follow from
  /// `request_id`, so sending the same again changes nothing; "" asks for none). kUnavailable with
  /// the server's words for any status but 200.
  Result<Answer> Score(const Frame& rows, const std::string& request_id);

  /// What Score() sends.
  std::string RequestBody(const Frame& rows, const std::string& request_id) const;

  struct Explained {
    double score = 0;
    double base_value = 0;
    double contributions = 0;  // their sum
  };
  /// Of each row, by at most `max_evaluations` each. Errors as of Score().
  Result<std::vector<Explained>> Explain(const Frame& rows, size_t max_evaluations);

  struct Feedback {
    size_t sent = 0;
    size_t unknown = 0;
  };
  Result<Feedback> SendLabels(const std::vector<std::string>& prediction_ids,
                              const std::vector<std::string>& labels, const std::string& source);

 private:
  json::array InputsOf(const Frame& rows) const;
  net::HttpClient client_;
  std::string model_;
  const model::Signature& signature_;
};

}  // namespace quern::pipeline
