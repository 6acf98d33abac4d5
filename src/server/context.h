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

/// Finds the model, lets `score(const ServedModelPtr&, const Routed&) -> Status` write the answer,
/// counts the request and its time, and tells a release of it. An unknown model, and an error of
/// `score`, are written by `write_error(const Error&)`. `name` may be "" for the default model.
/// `field(const ServedModelPtr&, field)` reads the key of a release that is taken from the request.
template <class Score, class WriteError, class Field>
void AnswerScoring(const ServingContext& context, std::string_view name, std::string_view version,
                   const Exchange& exchange, Score score, WriteError write_error, Field field) {
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
  net::ResponseWriter& out = exchange.out;
  Reader reader(field);
  Routed routed;
  auto served =
      FindRouted(context, name, version, exchange.request, reader, exchange.arena, &routed);
  if (!served) {
    write_error(served.error());
    context.metrics.Unserved(out.status(), MonotonicSeconds() - begin);
    return;
  }
  NameRoute(routed, (*served)->name(), out);
  const Status status = score(*served, routed);
  if (!status) write_error(status.error());
  const double seconds = MonotonicSeconds() - begin;
  FinishRouted(routed, status ? std::nullopt : std::optional(status.error().code), seconds * 1000);
  (*served)->metrics().Request(out.status(), seconds);
}

}  // namespace quern::server
