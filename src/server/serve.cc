#include "server/serve.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "net/descriptors.h"
#include "server/scoring.h"

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
  explicit Server(std::unique_ptr<Scoring> scoring)
      : scoring_(std::move(scoring)),
        http_(
            HttpOptions(),
            [this](const net::HttpRequest& request) { return scoring_->Answer(request); },
            RenderRefusal) {}
  ~Server() override { Stop(); }

  Status Start() {
    QUERN_TRY(scoring_->Start([this] { return http_.inflight(); }));
    QUERN_ASSIGN(port_, http_.Start());
    return {};
  }

  uint16_t port() const override { return port_; }
  std::string url() const override {
    const net::ServerOptions& http = scoring_->http();
    bool v6 = http.host.find(':') != std::string::npos;
    std::string host = v6 ? "[" + http.host + "]" : http.host;
    const char* scheme = http.tls_certificate.empty() ? "http://" : "https://";
    return scheme + host + ":" + std::to_string(port_);
  }

  const Front* front() const override { return scoring_->front(); }

  Status AddModel(const ModelToServe& model) override { return scoring_->AddModel(model); }
  Status SetAlias(std::string_view name, std::string_view alias,
                  std::string_view version) override {
    return scoring_->SetAlias(name, alias, version);
  }
  Status RemoveModel(std::string_view name, std::string_view version) override {
    return scoring_->RemoveModel(name, version);
  }
  bool Serves(std::string_view name, std::string_view version) const override {
    return scoring_->Serves(name, version);
  }

  void Stop() override {
    scoring_->Drain();
    // Each waits for its own requests.
    std::thread front([this] { scoring_->StopFront(); });
    http_.Stop();
    front.join();
    scoring_->Stop();
  }

 private:
  net::ServerOptions HttpOptions() {
    net::ServerOptions http = scoring_->http();
    http.max_connections = std::max(http.max_connections, net::kManyConnections);
    scoring_->HookUp(&http);
    return http;
  }

  std::unique_ptr<Scoring> scoring_;
  uint16_t port_ = 0;
  // Last: its threads use all of the above, so they must end first.
  net::HttpServer http_;
};

}  // namespace

Result<std::unique_ptr<RunningServer>> StartServer(ServeOptions options) {
  QUERN_ASSIGN(auto scoring, Scoring::Make(std::move(options)));
  auto server = std::make_unique<Server>(std::move(scoring));
  QUERN_TRY(server->Start());
  return server;
}

int WaitForSignal(RunningServer& server) {
  int signal = net::WaitForShutdown();
  server.Stop();
  return signal;
}

}  // namespace quern::server
