#pragma once
// What the protocol rooms are given: the domains they call. Borrowed, all thread-safe.
#include <functional>
#include <string_view>
#include <utility>

#include "base/time.h"
#include "net/http.h"
#include "net/inline.h"
#include "server/http/exchange.h"
#include "server/model_control.h"
#include "server/routing.h"
#include "serving/catalog.h"
#include "serving/inference.h"
#include "serving/metrics.h"
#include "serving/prediction_log.h"
#include "store/database.h"

namespace quern::server {

struct ServingContext {
  const serving::Catalog& catalog;
  const serving::InferenceService& inference;
  serving::Metrics& metrics;
  const Clock& clock;
  ModelControl& control;
  /// Null if the server keeps neither predictions nor labels.
  store::Database* database = nullptr;
  /// True once the server is asked to stop: it is no longer ready.
  std::function<bool()> draining;
  std::function<serving::ServerGauges()> gauges;
  /// Null if predictions are not logged.
  serving::PredictionLog* log = nullptr;
  /// Null if no releases are carried out.
  Releases* releases = nullptr;
};

/// A Scorer of two functions: `score(const ServedModelPtr&, const Routed&) -> Status` and
/// `field(const ServedModelPtr&, std::string_view) -> std::string_view`.
template <class Answer, class Field>
class ScorerOf : public Scorer {
 public:
  ScorerOf(Answer& score, Field& field) : score_(score), field_(field) {}
  Status Score(const serving::ServedModelPtr& served, const Routed& routed) override {
    return score_(served, routed);
  }
  std::string_view Read(const serving::ServedModelPtr& served, std::string_view wanted) override {
    return field_(served, wanted);
  }

 private:
  Answer& score_;
  Field& field_;
};

/// ScoreRouted() over HTTP: says who answered, and counts. `score` and `field` are those of
/// ScorerOf; an unknown model, and an error of `score`, are written by `write_error(const Error&)`.
template <class Score, class WriteError, class Field>
void AnswerScoring(const ServingContext& context, std::string_view name, std::string_view version,
                   const Exchange& exchange, Score score, WriteError write_error, Field field) {
  net::ResponseWriter& out = exchange.out;
  auto anew = [&](const serving::ServedModelPtr& served, const Routed& routed) {
    out.body().clear();
    return score(served, routed);
  };
  ScorerOf scorer(anew, field);
  const double waited =
      exchange.gathered != nullptr ? MonotonicSeconds() - exchange.gathered->arrived : 0;
  Scored scored = ScoreRouted(context, name, version, exchange.request, exchange.arena, scorer);
  scored.seconds += waited;
  if (!scored.status) write_error(scored.status.error());
  if (scored.served == nullptr) {
    context.metrics.Unserved(out.status(), scored.seconds);
    return;
  }
  NameRoute(scored.routed, scored.served->name(), out);
  scored.served->metrics().Request(out.status(), scored.seconds);
}

}  // namespace quern::server
