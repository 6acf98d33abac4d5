#pragma once
// What the protocol rooms are given: the domains they call. Borrowed, all thread-safe.
#include <functional>
#include <string_view>
#include <utility>

#include "base/time.h"
#include "net/http.h"
#include "net/inline.h"
#include "serving/catalog.h"
#include "serving/inference.h"
#include "serving/metrics.h"
#include "serving/prediction_log.h"
#include "store/database.h"

namespace quern::server {

/// Models that come and go by request.
class ModelControl {
 public:
  virtual ~ModelControl() = default;
  /// Whether clients may load and unload at all.
  virtual bool allowed() const = 0;
  struct Known {
    std::string name;
    std::string version;
    bool loaded = false;
    std::string reason;  // why it is not loaded
  };
  /// Every model that this server was told of, by name and version.
  virtual std::vector<Known> Index() const = 0;
  /// Loads all versions of a known model (again). kNotFound; errors of loading.
  virtual Status Load(std::string_view name) = 0;
  /// Takes them out of service; requests under way are answered. kNotFound.
  virtual Status Unload(std::string_view name) = 0;
};

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
};

/// Finds the model, lets `score(const ServedModelPtr&) -> Status` write the answer, counts the
/// request and its time. An unknown model, and an error of `score`, are written by
/// `write_error(const Error&)`. `name` may be "" for the default model.
template <class Score, class WriteError>
void AnswerScoring(const ServingContext& context, std::string_view name, std::string_view version,
                   net::ResponseWriter& out, Score score, WriteError write_error) {
  const double begin = MonotonicSeconds();
  auto served = context.inference.Find(name, version);
  if (!served) {
    write_error(served.error());
    context.metrics.Unserved(out.status(), MonotonicSeconds() - begin);
    return;
  }
  if (Status status = score(*served); !status) write_error(status.error());
  (*served)->metrics().Request(out.status(), MonotonicSeconds() - begin);
}

}  // namespace quern::server
