#pragma once
// What answers for models, without a listener of its own: behind the port of `quern serve`, and
// beside the other routes of `quern server`.
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/http.h"
#include "server/context.h"
#include "server/front.h"
#include "server/gatherer.h"
#include "server/http/router.h"
#include "server/observer.h"
#include "server/releases.h"
#include "server/serve.h"
#include "server/served_models.h"
#include "serving/catalog.h"
#include "serving/inference.h"
#include "serving/metrics.h"
#include "serving/prediction_log.h"

namespace quern::server {

/// Thread-safe once started. An HTTP server that was hooked up must end before this does.
class Scoring : public ModelsInService {
 public:
  /// Opens the prediction log and what requests are observed with; loads nothing yet.
  static Result<std::unique_ptr<Scoring>> Make(ServeOptions options);
  ~Scoring() override { Stop(); }

  /// Has an HTTP server with these options answer the frequent requests on its event loops, and
  /// keep what is logged before answers go out.
  void HookUp(net::ServerOptions* http);
  /// Every other request, and those of unknown paths.
  net::HttpResponse Answer(const net::HttpRequest& request) const;
  /// Adds what IsAlone() to the routes of another server.
  void AddRoutes(Router* router) const;
  /// Whether a path is a model server's and nobody else's: not /health, /version and /models, which
  /// other servers have too.
  static bool IsAlone(std::string_view path);

  /// Loads the models, goes on with releases, and listens beside HTTP if there is a front.
  /// `inflight`: how many requests the HTTP server has now. Errors: of loading, naming the model.
  Status Start(std::function<size_t()> inflight);
  /// No longer ready, but every request is answered.
  void Drain() { draining_.store(true); }
  /// Ends the front; call beside HttpServer::Stop(), as both wait for requests of their own.
  void StopFront();
  /// After the HTTP server has stopped: releases end, the prediction log is written. Idempotent.
  void Stop();

  /// Null if there is none.
  const Front* front() const { return front_.get(); }
  /// Where requests come in, as the options said.
  const net::ServerOptions& http() const { return options_.http; }

  Status AddModel(const ModelToServe& model) override { return models_.Add(model); }
  Status SetAlias(std::string_view name, std::string_view alias,
                  std::string_view version) override {
    return models_.SetAlias(name, alias, version);
  }
  Status RemoveModel(std::string_view name, std::string_view version) override;
  bool Serves(std::string_view name, std::string_view version) const override {
    return catalog_.Find(name, version).has_value();
  }

 private:
  Scoring(ServeOptions options, std::unique_ptr<serving::PredictionLog> log,
          std::unique_ptr<Observer> observer);
  std::unique_ptr<Releases> MakeReleases();
  void WarnOfUnknown(const char* what, const std::vector<std::string>& columns) const;
  bool AnswerInline(const net::RequestView& request, net::ResponseWriter& out);
  serving::ServerGauges Gauges() const;

  ServeOptions options_;
  std::unique_ptr<Observer> observer_;
  std::atomic<bool> draining_{false};
  std::function<size_t()> inflight_ = [] { return size_t{0}; };
  serving::Catalog catalog_;
  serving::Metrics metrics_;
  std::unique_ptr<serving::PredictionLog> log_;
  serving::InferenceService inference_;
  ServedModels models_;
  std::unique_ptr<Releases> releases_;
  ServingContext context_;
  Gatherer gatherer_;
  Router router_;
  // Last: its threads use all of the above, so they must end first.
  std::unique_ptr<Front> front_;
};

}  // namespace quern::server
