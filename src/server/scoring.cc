#include "server/scoring.h"

#include <algorithm>
#include <array>

#include "base/log.h"
#include "base/parallel.h"
#include "server/explaining.h"
#include "server/mlflow/container_routes.h"
#include "server/mlflow/deployment_routes.h"
#include "server/mlflow/invocations.h"
#include "server/mlflow/routes.h"
#include "server/native/release_routes.h"
#include "server/native/routes.h"
#include "server/oip/infer.h"
#include "server/oip/routes.h"
#include "server/tfs/routes.h"

namespace quern::server {

Scoring::Scoring(ServeOptions options, std::unique_ptr<serving::PredictionLog> log,
                 std::unique_ptr<Observer> observer)
    : options_(std::move(options)),
      observer_(std::move(observer)),
      metrics_(*options_.clock),
      log_(std::move(log)),
      inference_(catalog_, *options_.clock, log_.get(), options_.inference),
      models_(catalog_, *options_.clock, options_.load, options_.inference.batch,
              options_.model_control),
      releases_(MakeReleases()),
      context_{catalog_,
               inference_,
               metrics_,
               *options_.clock,
               models_,
               options_.database,
               [this] { return draining_.load(); },
               [this] { return Gauges(); },
               log_.get(),
               releases_.get()},
      gatherer_(context_, options_.http.loops > 0 ? options_.http.loops : AvailableCores()) {
  oip::AddRoutes(&router_, context_);
  mlflow::AddScoringRoutes(&router_, context_);
  mlflow::AddDeploymentRoutes(&router_, context_);
  mlflow::AddContainerRoutes(&router_, context_);
  tfs::AddRoutes(&router_, context_);
  if (releases_ != nullptr) native::AddReleaseRoutes(&router_, *releases_);
  native::AddRoutes(&router_, context_);
}

Result<std::unique_ptr<Scoring>> Scoring::Make(ServeOptions options) {
  if (!options.load) {
    options.load = [trust = options.trust](const serving::ModelFiles& files,
                                           int64_t now_ms) -> Result<serving::LoadedModel> {
      QUERN_TRY(trust.Admit(files.path, files.signature, RealFs()));
      return serving::LoadModel(files, now_ms);
    };
  }
  std::unique_ptr<serving::PredictionLog> log;
  if (options.database != nullptr && options.log_predictions && options.log.policy.share > 0) {
    QUERN_ASSIGN(log, serving::PredictionLog::Open(*options.database, *options.clock, options.log));
  }
  QUERN_ASSIGN(auto observer, Observer::Make(options.access_log, options.tracing, *options.clock));
  return std::unique_ptr<Scoring>(
      new Scoring(std::move(options), std::move(log), std::move(observer)));
}

void Scoring::HookUp(net::ServerOptions* http) {
  http->loops = options_.http.loops;  // each has its part of the gatherer
  http->inline_handler = [this](const net::RequestView& request, net::ResponseWriter& out) {
    return AnswerInline(request, out);
  };
  http->after_wakeup = [this](size_t) {
    const Status kept = log_ != nullptr ? log_->CommitDeferred() : Status();
    observer_->AfterWakeup(kept.has_value());
    return kept;
  };
  http->again_delay = options_.inference.batch.delay;
  http->again_most = options_.inference.batch.rows;
  http->before_again = [this](size_t loop) { gatherer_.Run(loop); };
  http->after_again = [this](size_t loop) { gatherer_.Clear(loop); };
}

net::HttpResponse Scoring::Answer(const net::HttpRequest& request) const {
  return observer_->Watch(request, [&] { return router_.Dispatch(request); });
}

void Scoring::AddRoutes(Router* router) const {
  for (const Route& route : router_.routes()) {
    if (!IsAlone(route.pattern)) continue;
    Route watched = route;
    watched.handler = [this, &route](const Call& call) {
      return observer_->Watch(call.request, [&] { return route.handler(call); });
    };
    router->Add(std::move(watched));
  }
}

bool Scoring::IsAlone(std::string_view path) {
  constexpr std::array<std::string_view, 9> kAlone = {
      "/v2",   "/v1/models", "/v1/releases",       "/v1/feedback", "/invocations",
      "/ping", "/metrics",   "/api/2.0/endpoints", "/endpoints"};
  return std::any_of(kAlone.begin(), kAlone.end(), [&](std::string_view whole) {
    return path.starts_with(whole) && (path.size() == whole.size() || path[whole.size()] == '/');
  });
}

Status Scoring::Start(std::function<size_t()> inflight) {
  inflight_ = std::move(inflight);
  for (const ModelToServe& model : options_.models) QUERN_TRY(AddModel(model));
  if (log_ != nullptr) {
    WarnOfUnknown("hashed", options_.log.policy.hashed);
    WarnOfUnknown("kept", options_.log.policy.columns);
  }
  if (releases_ != nullptr) QUERN_TRY(releases_->Start());
  if (options_.front) {
    QUERN_ASSIGN(front_, options_.front({context_, *observer_, options_.http}));
    models_.OnChange([this] { front_->ModelsChanged(); });
  }
  return {};
}

void Scoring::StopFront() {
  if (front_ != nullptr) front_->Stop();
}

void Scoring::Stop() {
  Drain();
  StopFront();
  if (releases_ != nullptr) releases_->Stop();
  if (log_ == nullptr) return;
  if (const Status stopped = log_->Stop(); !stopped) {
    Log(LogLevel::kError, "prediction log: " + stopped.error().ToString() +
                              "; the next server moves what is left into the database");
  }
}

Status Scoring::RemoveModel(std::string_view name, std::string_view version) {
  if (releases_ != nullptr && releases_->Holds(name, version)) return {};
  return models_.Remove(name, version);
}

std::unique_ptr<Releases> Scoring::MakeReleases() {
  if (options_.database == nullptr || !options_.releases.find) return nullptr;
  return std::make_unique<Releases>(catalog_, models_, *options_.database, *options_.clock,
                                    options_.releases, options_.inference);
}

/// A misspelt column would be kept in the clear, or not at all, without a word.
void Scoring::WarnOfUnknown(const char* what, const std::vector<std::string>& columns) const {
  const auto served = catalog_.All();
  for (const std::string& column : columns) {
    const bool known = std::any_of(served.begin(), served.end(), [&](const auto& model) {
      return model->FindColumn(column) || model->FindInput(column);
    });
    if (known) continue;
    Log(LogLevel::kWarning, "prediction log: column '" + column + "' is to be " + what +
                                ", and no served model takes such a column");
  }
}

/// The scoring routes on the event loop's own thread; what may take long goes to the others.
bool Scoring::AnswerInline(const net::RequestView& request, net::ResponseWriter& out) {
  if (request.method != "POST") return false;
  std::string_view name;
  std::string_view version;
  const bool invocations = request.path == "/invocations";
  if (!invocations && !oip::MatchInfer(request.path, &name, &version)) return false;
  // A value takes a few bytes of any format.
  if (inference_.MayTakeLong(request.body.size() / 4)) return false;
  if (MayAskForExplanations(request.body)) return false;
  const auto read = [&](const serving::ServedModel& served, const Exchange& exchange) {
    return invocations ? mlflow::ReadCall(served, exchange) : oip::ReadCall(served, exchange);
  };
  if (const size_t ticket = gatherer_.TakeIn(request, name, version, out, read); ticket > 0) {
    out.AskAgain(ticket);
    return true;
  }
  if (const std::string_view id = request.Find("X-Request-Id"); !id.empty()) {
    out.AddHeader("X-Request-Id", id);
  }
  const Exchange exchange{request, out, RequestArena(), gatherer_.Find(request), false};
  Observer::Inline watched = observer_->Begin(request, out);
  if (exchange.gathered != nullptr) watched.begin = exchange.gathered->arrived;
  const serving::DeferredLog deferred;  // until after_wakeup
  if (invocations) {
    mlflow::Invocations(context_, "", exchange);
  } else {
    oip::Infer(context_, name, version, exchange);
  }
  observer_->End(watched, request, out);
  return true;
}

serving::ServerGauges Scoring::Gauges() const {
  serving::ServerGauges gauges;
  gauges.inflight = inflight_() + (front_ != nullptr ? front_->inflight() : 0);
  if (log_ != nullptr) gauges.log = log_->counts();
  gauges.lost_access_lines = observer_->lost_access_lines();
  gauges.dropped_spans = observer_->dropped_spans();
  return gauges;
}

}  // namespace quern::server
