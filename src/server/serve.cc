#include "server/serve.h"

#include <atomic>

#include "server/context.h"
#include "server/http/router.h"
#include "server/mlflow/invocations.h"
#include "server/mlflow/routes.h"
#include "server/native/routes.h"
#include "server/oip/infer.h"
#include "server/oip/routes.h"
#include "server/tfs/routes.h"
#include "serving/database_sink.h"

namespace quern::server {
namespace {

/// What never reached a route: the reason, and what to do about it.
net::HttpResponse RenderRefusal(int status, std::string_view message) {
  std::string text(message);
  if (status == 413) text += " (the server was started with that --http-max-input-size)";
  net::HttpResponse response = net::RenderJsonError(status, text);
  if (status == 503) response.headers.push_back({"Retry-After", "1"});
  return response;
}

class Server : public RunningServer {
 public:
  explicit Server(ServeOptions options)
      : options_(std::move(options)),
        metrics_(*options_.clock),
        log_(options_.database != nullptr && options_.log_predictions
                 ? std::make_unique<serving::PredictionLog>(*options_.database, *options_.clock,
                                                            options_.log)
                 : nullptr),
        sink_(log_ != nullptr ? std::make_unique<serving::DatabaseSink>(*log_) : nullptr),
        inference_(catalog_, *options_.clock, sink_.get(), options_.inference),
        models_(catalog_, *options_.clock, options_.load, options_.model_control),
        context_{catalog_,
                 inference_,
                 metrics_,
                 *options_.clock,
                 models_,
                 options_.database,
                 [this] { return draining_.load(); },
                 [this] { return Gauges(); }},
        http_(
            HttpOptions(),
            [this](const net::HttpRequest& request) { return router_.Dispatch(request); },
            RenderRefusal) {
    oip::AddRoutes(&router_, context_);
    mlflow::AddScoringRoutes(&router_, context_);
    tfs::AddRoutes(&router_, context_);
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

  Status AddModel(const ModelToServe& model) override { return models_.Add(model); }
  Status SetAlias(std::string_view name, std::string_view alias,
                  std::string_view version) override {
    return models_.SetAlias(name, alias, version);
  }
  Status RemoveModel(std::string_view name, std::string_view version) override {
    return models_.Remove(name, version);
  }

  bool Serves(std::string_view name, std::string_view version) const override {
    return catalog_.Find(name, version).has_value();
  }

  void Stop() override {
    draining_.store(true);
    http_.Stop();
    if (log_ != nullptr) log_->Flush();
  }

 private:
  net::ServerOptions HttpOptions() {
    net::ServerOptions http = options_.http;
    http.inline_handler = [this](const net::RequestView& request, net::ResponseWriter& out) {
      return AnswerInline(request, out);
    };
    return http;
  }

  /// The scoring routes on the event loop's own thread; what may take long goes to the others.
  bool AnswerInline(const net::RequestView& request, net::ResponseWriter& out) {
    if (request.method != "POST") return false;
    std::string_view name;
    std::string_view version;
    const bool invocations = request.path == "/invocations";
    if (!invocations && !oip::MatchInfer(request.path, &name, &version)) return false;
    // A value takes a few bytes of any format.
    if (inference_.MayBlock(request.body.size() / 4)) return false;
    if (const std::string_view id = request.Find("X-Request-Id"); !id.empty()) {
      out.AddHeader("X-Request-Id", id);
    }
    const Exchange exchange{request, out, RequestArena()};
    if (invocations) {
      mlflow::Invocations(context_, exchange);
    } else {
      oip::Infer(context_, name, version, exchange);
    }
    return true;
  }

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
  std::unique_ptr<serving::PredictionSink> sink_;
  serving::InferenceService inference_;
  ServedModels models_;
  ServingContext context_;
  Router router_;
  // Last: its threads use all of the above, so it must end first.
  net::HttpServer http_;
};

}  // namespace

Result<std::unique_ptr<RunningServer>> StartServer(ServeOptions options) {
  if (!options.load) {
    options.load = [](const serving::ModelFiles& files, int64_t now_ms) {
      return serving::LoadModel(files, now_ms);
    };
  }
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
