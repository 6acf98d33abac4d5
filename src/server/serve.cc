#include "server/serve.h"

#include <atomic>

#include "server/context.h"
#include "server/http/router.h"
#include "server/mlflow/routes.h"
#include "server/native/routes.h"
#include "server/oip/routes.h"
#include "serving/package_model.h"

namespace quern::server {
namespace {

class Server : public RunningServer {
 public:
  explicit Server(ServeOptions options)
      : options_(std::move(options)),
        metrics_(*options_.clock),
        log_(options_.database != nullptr && options_.log_predictions
                 ? std::make_unique<serving::PredictionLog>(*options_.database, *options_.clock,
                                                            options_.log)
                 : nullptr),
        scoring_(metrics_, *options_.clock, log_.get()),
        context_{catalog_,
                 scoring_,
                 metrics_,
                 *options_.clock,
                 options_.database,
                 [this] { return draining_.load(); },
                 [this] { return Gauges(); }},
        http_(options_.http,
              [this](const net::HttpRequest& request) { return router_.Dispatch(request); }) {
    oip::AddRoutes(&router_, context_);
    mlflow::AddScoringRoutes(&router_, context_);
    native::AddRoutes(&router_, context_);
  }
  ~Server() override { Stop(); }

  Status Start() {
    for (const ModelToServe& model : options_.models) QUERN_TRY(AddModel(model));
    QUERN_ASSIGN(port_, http_.Start());
    return {};
  }

  uint16_t port() const override { return port_; }
  std::string url() const override {
    bool v6 = options_.http.host.find(':') != std::string::npos;
    std::string host = v6 ? "[" + options_.http.host + "]" : options_.http.host;
    return "http://" + host + ":" + std::to_string(port_);
  }

  Status AddModel(const ModelToServe& model) override {
    auto loaded = options_.load(model.package_dir);
    if (!loaded) {
      return Within(loaded.error(), "loading model " + model.name + " version " + model.version +
                                        " from " + model.package_dir);
    }
    QUERN_TRY(
        catalog_.Add({model.name, model.version, std::move(*loaded), options_.clock->NowMs()}));
    for (const std::string& alias : model.aliases) {
      QUERN_TRY(catalog_.SetAlias(model.name, alias, model.version));
    }
    return {};
  }
  Status SetAlias(std::string_view name, std::string_view alias,
                  std::string_view version) override {
    return catalog_.SetAlias(name, alias, version);
  }
  Status RemoveModel(std::string_view name, std::string_view version) override {
    return catalog_.Remove(name, version);
  }

  void Stop() override {
    draining_.store(true);
    http_.Stop();
    if (log_ != nullptr) log_->Flush();
  }

 private:
  serving::ServerGauges Gauges() const {
    serving::ServerGauges gauges;
    gauges.inflight = http_.inflight();
    if (log_ != nullptr) {
      gauges.log_queued_rows = log_->queued_rows();
      gauges.log_lost_rows = log_->lost_rows();
    }
    return gauges;
  }

  ServeOptions options_;
  uint16_t port_ = 0;
  std::atomic<bool> draining_{false};
  serving::Catalog catalog_;
  serving::Metrics metrics_;
  std::unique_ptr<serving::PredictionLog> log_;
  serving::ScoringService scoring_;
  ServingContext context_;
  Router router_;
  // Last: its threads use all of the above, so it must end first.
  net::HttpServer http_;
};

}  // namespace

Result<std::unique_ptr<RunningServer>> StartServer(ServeOptions options) {
  if (!options.load) options.load = serving::LoadPackage;
  auto server = std::make_unique<Server>(std::move(options));
  QUERN_TRY(server->Start());
  return server;
}

int WaitForSignal(RunningServer& server) {
  int signal = net::WaitForShutdown();
  server.Stop();
  return signal;
}

}  // namespace quern::server
