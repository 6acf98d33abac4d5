#include "server/tracking_server.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "base/ids.h"
#include "net/descriptors.h"
#include "server/artifact_stores.h"
#include "server/hourly.h"
#include "server/http/router.h"
#include "server/mlflow/artifacts.h"
#include "server/mlflow/errors.h"
#include "server/mlflow/graphql_routes.h"
#include "server/mlflow/other_routes.h"
#include "server/mlflow/registry_front.h"
#include "server/mlflow/tracking_routes.h"
#include "server/native/ingest_routes.h"
#include "server/native/view_routes.h"
#include "server/page/artifact_view.h"
#include "server/page/page_routes.h"
#include "server/retention.h"
#include "server/scoring.h"
#include "server/served_places.h"
#include "store/open.h"
#include "upkeep/lock.h"

namespace quern::server {
namespace {

/// Handlers wait for the disk together, and their commits are shared: more threads than cores.
constexpr size_t kThreads = 64;

class Server : public TrackingServer {
 public:
  Server(const TrackingServerOptions& options, std::unique_ptr<store::Database> database,
         std::unique_ptr<ArtifactStores> artifacts, std::unique_ptr<upkeep::StoreLock> serving)
      : serving_(std::move(serving)),
        host_(options.http.host),
        guard_(options.guard),
        database_(std::move(database)),
        artifacts_(std::move(artifacts)),
        experiments_(*database_, *options.clock, artifacts_->default_root()),
        runs_(*database_, *options.clock, experiments_),
        models_(*database_, *options.clock, experiments_),
        tracking_{experiments_, runs_, models_, artifacts_->places(), *options.clock},
        plan_(options.planner),
        changes_(*database_, NewHexId()),
        snapshots_(options.snapshots),
        policies_(options.policies),
        views_{*database_, *options.clock, *options.fs, options.state_dir,    plan_,
               changes_,   snapshots_,     policies_,   options.runner.get(), options.no_runs},
        runner_(options.runner),
        scoring_(options.models),
        http_(
            HttpOptions(options.http),
            [this](const net::HttpRequest& request) { return Answer(request); },
            mlflow::RenderTransportError) {
    router_.OnUnmatched([this](const net::HttpRequest& request, int status) {
      const bool of_models = scoring_ != nullptr && Scoring::IsAlone(request.path);
      return of_models ? net::RenderJsonError(status, net::ReasonPhrase(status))
                       : mlflow::Unmatched(request, status);
    });
    if (scoring_ != nullptr) scoring_->AddRoutes(&router_);
    mlflow::AddOtherRoutes(&router_);
    mlflow::AddApiRoutes(&router_, mlflow::TrackingRoutes(tracking_));
    native::AddIngestRoutes(&router_);
    native::AddViewRoutes(&router_, views_);
    native::AddReviewRoutes(&router_, views_);
    native::AddCardRoutes(&router_, views_);
    native::AddReleaseOrderRoutes(&router_, views_);
    native::AddTryRoutes(&router_, views_);
    native::AddPipelineRoutes(&router_, views_);
    router_.Add({"GET", "/get-artifact", "MLflow: one file of a run", [this](const Call& call) {
                   return mlflow::AnswerApi(mlflow::Bind(tracking_, mlflow::FileOfRun), call);
                 }});
    router_.Add({"GET", "/artifact-view", "an HTML file of a run, where nothing of it can run",
                 [this](const Call& call) {
                   return page::ForFrame(
                       mlflow::AnswerApi(mlflow::Bind(tracking_, mlflow::FileOfRun), call));
                 }});
    if (artifacts_->served().store != nullptr) {
      mlflow::AddArtifactRoutes(&router_, artifacts_->served());
    }
  }
  ~Server() override { Stop(); }

  Status Start(const TrackingServerOptions& options) {
    QUERN_TRY(experiments_.EnsureDefault());
    QUERN_ASSIGN(
        registry_,
        mlflow::RegistryFront::Open(
            {*database_, *options.clock, *options.fs, runs_, models_,
             JoinPath(options.state_dir, "secrets"), artifacts_->package_root(),
             [this](std::string_view uri, std::string_view path, const net::HttpRequest& request) {
               return FileBelow(uri, path, request);
             },
             Environment}));
    registry_->AddRoutes(&router_);
    QUERN_TRY(AddGraphql());
    page::AddPageRoutes(&router_);
    QUERN_TRY(registry_->Start());
    if (scoring_ != nullptr) {
      QUERN_TRY(scoring_->Start([this] { return http_.inflight(); }));
    }
    QUERN_ASSIGN(port_, http_.Start());
    StartUpkeep(options);
    if (runner_ != nullptr) {
      runner_->OnChange([this] { changes_.Touch(native::ChangeFeed::kSteps); });
    }
    return {};
  }

  uint16_t port() const override { return port_; }
  std::string url() const override {
    const bool v6 = host_.find(':') != std::string::npos;
    return "http://" + (v6 ? "[" + host_ + "]" : host_) + ":" + std::to_string(port_);
  }
  std::vector<std::pair<std::string, std::string>> routes() const override {
    std::vector<std::pair<std::string, std::string>> all;
    for (const Route& route : router_.routes()) {
      all.emplace_back(route.method + " " + route.pattern, route.doc);
    }
    return all;
  }
  void Stop() override {
    if (upkeep_ != nullptr) upkeep_->Stop();
    changes_.Stop();
    if (scoring_ != nullptr) scoring_->Drain();
    http_.Stop();
    if (scoring_ != nullptr) scoring_->Stop();
    if (runner_ != nullptr) runner_->Stop();
    if (registry_ != nullptr) registry_->Stop();
  }

 private:
  /// One after the other, as each of them wants the store's upkeep for itself.
  void StartUpkeep(const TrackingServerOptions& options) {
    if (options.purge_deleted_after_ms) {
      retention_ =
          std::make_unique<Retention>(*database_, experiments_, *artifacts_, *options.clock,
                                      options.state_dir, *options.purge_deleted_after_ms);
    }
    if (retention_ == nullptr && !options.hourly) return;
    upkeep_ = std::make_unique<Hourly>(
        "upkeep", [this, hourly = options.hourly](const CancelToken& cancel) -> Status {
          const Status purged = retention_ != nullptr ? retention_->Purge(cancel) : Status();
          const Status done = hourly ? hourly(*database_, cancel) : Status();
          return purged ? done : purged;
        });
    upkeep_->Start();
  }

  Status AddGraphql() {
    QUERN_ASSIGN(const graphql::Limits limits, graphql::ReadLimits(Environment));
    std::vector<mlflow::ApiRoute> calls = mlflow::TrackingRoutes(tracking_);
    std::vector<mlflow::ApiRoute> versions = registry_->VersionCalls();
    std::move(versions.begin(), versions.end(), std::back_inserter(calls));
    mlflow::AddGraphqlRoutes(&router_, std::move(calls), limits);
    return {};
  }

  static const char* Environment(const char* name) { return std::getenv(name); }

  net::ServerOptions HttpOptions(net::ServerOptions http) {
    if (http.threads == 0) http.threads = kThreads;
    http.max_connections = std::max(http.max_connections, net::kManyConnections);
    net::BodyHook artifacts = [](const net::HttpRequest&) { return nullptr; };
    if (artifacts_->served().store != nullptr) {
      artifacts = mlflow::ArtifactBodies(artifacts_->served());
    }
    // The body of a request that is refused anyway is not written to disk first.
    http.body_hook = [this, artifacts, records = native::IngestBodies(runs_)](
                         const net::HttpRequest& head) -> Result<std::shared_ptr<net::BodySink>> {
      if (guard_.Intercept(head)) return Fail(Code::kPermissionDenied, "refused");
      QUERN_ASSIGN(auto sink, records(head));
      if (sink != nullptr) return sink;
      return artifacts(head);
    };
    if (scoring_ != nullptr) ScoreInline(&http);
    return http;
  }

  void ScoreInline(net::ServerOptions* http) {
    scoring_->HookUp(http);
    http->inline_handler = [this, score = http->inline_handler](const net::RequestView& request,
                                                                net::ResponseWriter& out) {
      if (!guard_.PassesPlainly(request)) return false;
      guard_.FinishPlainly(&out);
      return score(request, out);
    };
  }

  net::HttpResponse Answer(const net::HttpRequest& request) {
    std::optional<net::HttpResponse> refused = guard_.Intercept(request);
    net::HttpResponse response = refused ? std::move(*refused) : router_.Dispatch(request);
    if (response.status < 300) {
      if (const auto kind = native::ChangeFeed::KindOf(request.method, request.path)) {
        changes_.Touch(*kind);
      }
    }
    guard_.Finish(request, &response);
    return response;
  }

  net::HttpResponse FileBelow(std::string_view uri, std::string_view path,
                              const net::HttpRequest& request) {
    const auto place = artifacts_->places().Find(uri);
    if (!place) return mlflow::MlflowError(place.error());
    return mlflow::ServeArtifact(*place->store, mlflow::BelowPath(place->path, path), request);
  }

  /// As long as the server is there, nobody replaces its folder.
  std::unique_ptr<upkeep::StoreLock> serving_;
  std::string host_;
  uint16_t port_ = 0;
  Guard guard_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<ArtifactStores> artifacts_;
  tracking::Experiments experiments_;
  tracking::Runs runs_;
  tracking::LoggedModels models_;
  mlflow::TrackingContext tracking_;
  native::KeptPlan plan_;
  native::ChangeFeed changes_;
  const SnapshotComparer snapshots_;
  const PolicySource policies_;
  native::ViewContext views_;
  std::shared_ptr<ProjectRunner> runner_;
  std::unique_ptr<mlflow::RegistryFront> registry_;
  std::shared_ptr<Scoring> scoring_;
  std::unique_ptr<Retention> retention_;
  std::unique_ptr<Hourly> upkeep_;
  Router router_;
  // Last: its threads use all of the above, so it must end first.
  net::HttpServer http_;
};

}  // namespace

Result<std::unique_ptr<TrackingServer>> StartTrackingServer(TrackingServerOptions options) {
  ArtifactSettings settings{options.artifacts_destination,
                            options.default_artifact_root,
                            options.serve_artifacts,
                            JoinPath(options.state_dir, "artifacts"),
                            JoinPath(options.state_dir, "uploads"),
                            {}};
  if (settings.destination.empty()) {
    settings.destination = JoinPath(options.state_dir, "mlflow-artifacts");
  }
  const bool named = !options.database.empty();
  if (!named) options.database = JoinPath(options.state_dir, "quern.db");
  auto database = store::OpenDatabase(options.database, *options.fs, options.durability);
  if (!database) {
    return Within(database.error(),
                  named ? "opening --backend-store-uri " + store::ShownName(options.database)
                        : "opening the store in " + options.state_dir);
  }
  QUERN_TRY(options.fs->MakeDirs(options.state_dir));
  QUERN_ASSIGN(auto serving,
               upkeep::StoreLock::ForServing(options.state_dir, upkeep::StoreLock::Mode::kShared));
  QUERN_ASSIGN(auto artifacts, ArtifactStores::Open(settings, *options.fs, *options.clock));
  const ServedPlaces served{
      options.artifacts_destination.empty() ? "" : artifacts->destination_name(),
      named ? store::ShownName(options.database) : ""};
  QUERN_TRY(NoteServed(options.state_dir, served, *options.fs));
  if (artifacts->uploads() != nullptr) {
    QUERN_TRY(artifacts->uploads()->Unfinished(store::MultipartUploads::kAbandonedAfterMs, true));
  }
  auto server = std::make_unique<Server>(options, std::move(*database), std::move(artifacts),
                                         std::move(serving));
  QUERN_TRY(server->Start(options));
  return server;
}

}  // namespace quern::server
