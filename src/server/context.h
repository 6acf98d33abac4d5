#pragma once
// What the protocol rooms are given: the domains they call. Borrowed, all thread-safe.
#include <functional>
#include <string_view>

#include "base/time.h"
#include "net/http.h"
#include "serving/catalog.h"
#include "serving/metrics.h"
#include "serving/scoring.h"
#include "store/database.h"

namespace quern::server {

struct ServingContext {
  const serving::Catalog& catalog;
  const serving::ScoringService& scoring;
  serving::Metrics& metrics;
  const Clock& clock;
  /// Null if the server keeps neither predictions nor labels.
  store::Database* database = nullptr;
  /// True once the server is asked to stop: it is no longer ready.
  std::function<bool()> draining;
  std::function<serving::ServerGauges()> gauges;
};

/// Finds the model, lets `score` answer, counts the request and its time. An unknown model, and an
/// error of `score`, are answered by `render_error`. `name` may be "" for the default model.
net::HttpResponse AnswerScoring(
    const ServingContext& context, std::string_view name, std::string_view version,
    const std::function<Result<net::HttpResponse>(const serving::ServedModel&)>& score,
    const std::function<net::HttpResponse(const Error&)>& render_error);

}  // namespace quern::server
