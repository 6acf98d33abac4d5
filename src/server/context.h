#pragma once
// What the protocol rooms are given: the domains they call. Borrowed, all thread-safe.
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "base/time.h"
#include "net/http.h"
#include "net/inline.h"
#include "server/http/exchange.h"
#include "server/model_control.h"
#include "server/routing.h"
#include "serving/call_note.h"
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

/// How a request to a model ended.
struct Scored {
  Status status;
  /// Who gave the answer or the error; null if the model is not known.
  serving::ServedModelPtr served;
  Routed routed;
  double seconds = 0;
};

/// One request to a model, whatever its protocol: finds the model, lets
/// `score(const ServedModelPtr&, const Routed&) -> Status` make the answer, and tells a release of
/// it. Where a candidate gives none, `score` is called once more, with the stable version: what it
/// wrote the first time is to be forgotten. `name` may be "" for the default model; key and
/// override of a release are read from `headers`, or by `field(const ServedModelPtr&, field)` from
/// the request. The caller counts the request.
template <class Score, class Field>
Scored ScoreRouted(const ServingContext& context, std::string_view name, std::string_view version,
                   const net::RequestView& headers, Arena& arena, Score score, Field field) {
  class Reader : public FieldReader {
   public:
    explicit Reader(Field& read) : read_(read) {}
    std::string_view Read(const serving::ServedModelPtr& served, std::string_view wanted) override {
      return read_(served, wanted);
    }

   private:
    Field& read_;
  };
  const double begin = MonotonicSeconds();
  const auto since = [begin] { return MonotonicSeconds() - begin; };
  Reader reader(field);
  Scored scored;
  auto served = FindRouted(context, name, version, headers, reader, arena, &scored.routed);
  if (!served) {
    scored.status = std::unexpected(std::move(served).error());
    scored.seconds = since();
    return scored;
  }
  scored.served = std::move(*served);
  scored.status = score(scored.served, scored.routed);
  scored.seconds = since();
  deploy::ReleaseController* const controller = scored.routed.controller;
  if (controller == nullptr) return scored;
  const deploy::Route route = scored.routed.route;
  const auto code = scored.status ? std::nullopt : std::optional(scored.status.error().code);
  deploy::Outcome outcome = OutcomeOf(code, scored.seconds * 1000);
  // What was scored and could not be written is in the prediction log: it is the caller's answer.
  if (code && serving::LastCall().logged < begin) {
    SecondTry second = AskStable(context, scored.routed, scored.served->name(), *code, arena);
    if (second.served != nullptr) {
      scored.served->metrics().Request(HttpStatus(*code), scored.seconds);
      scored.served = std::move(second.served);
      scored.routed = second.routed;
      scored.status = score(scored.served, scored.routed);
      scored.seconds = since();
      outcome = OutcomeOfRefused(outcome, scored.status.has_value());
    }
  }
  controller->Observe(route, outcome);
  return scored;
}

/// The same over HTTP: says who answered, and counts. An unknown model, and an error of `score`,
/// are written by `write_error(const Error&)`.
template <class Score, class WriteError, class Field>
void AnswerScoring(const ServingContext& context, std::string_view name, std::string_view version,
                   const Exchange& exchange, Score score, WriteError write_error, Field field) {
  net::ResponseWriter& out = exchange.out;
  const auto anew = [&](const serving::ServedModelPtr& served, const Routed& routed) {
    out.body().clear();
    return score(served, routed);
  };
  const Scored scored =
      ScoreRouted(context, name, version, exchange.request, exchange.arena, anew, field);
  if (!scored.status) write_error(scored.status.error());
  if (scored.served == nullptr) {
    context.metrics.Unserved(out.status(), scored.seconds);
    return;
  }
  NameRoute(scored.routed, scored.served->name(), out);
  scored.served->metrics().Request(out.status(), scored.seconds);
}

}  // namespace quern::server
