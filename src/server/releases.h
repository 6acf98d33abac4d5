#pragma once
// Releases of the models that a server serves: which version answers a request, how it went, and
// what a release asks of the server and of the registry.
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "base/seldom.h"
#include "deploy/controller.h"
#include "deploy/release_store.h"
#include "server/served_models.h"
#include "server/shadow_queue.h"
#include "serving/catalog.h"
#include "serving/feedback.h"
#include "serving/inference.h"

namespace quern::server {

/// What releases need of the registry that a server's models come from.
struct ReleaseSource {
  /// Names that are served under their registered name and not as one fixed version: their releases
  /// are carried out.
  std::vector<std::string> models;
  /// The package of a version, which may be given by number or alias. Called by any thread.
  std::function<Result<ModelToServe>(const std::string& model, const std::string& version)> find;
  /// Whether the registry lets the version have the alias; empty: always.
  std::function<Status(const std::string& model, const std::string& alias,
                       const std::string& version)>
      may_promote;
  /// Points the registry's alias at a version; again, if need be.
  std::function<Status(const std::string& model, const std::string& alias,
                       const std::string& version)>
      set_alias;
  /// Versions that were asked for by number: they stay in service whatever a release lets go.
  VersionSet fixed;
};

/// How a request was routed. No controller: no release decided.
struct Routed {
  deploy::ReleaseController* controller = nullptr;
  deploy::Route route;
  std::string_view text;  // what the prediction log keeps; in the request's arena
};

/// Thread-safe. Borrows all that it is given.
class Releases : private deploy::ReleaseActions {
 public:
  Releases(serving::Catalog& catalog, ServedModels& models, store::Database& database,
           const Clock& clock, ReleaseSource source, serving::InferenceOptions inference);
  ~Releases() override { Stop(); }

  /// Goes on with the releases that the store holds, and begins to tick. Errors are the
  /// store's.
  Status Start();
  /// After the last request: writes what was counted.
  void Stop();

  /// The controller that decides which version answers a request for `version` of `model`; null if
  /// none does. No lock, no allocation.
  deploy::ReleaseController* Deciding(std::string_view model, std::string_view version,
                                      deploy::RouteQuestion* question) const;
  /// After the answer to a request that was routed is ready.
  void Mirror(const Routed& routed, const serving::InferenceCall& call,
              const Result<serving::InferenceAnswer>& answer, double ms) {
    shadow_.Offer(*routed.controller, routed.route.mirror, call, answer, ms);
  }
  /// First labels of predictions that are in the database: whether decisions were right. They are
  /// stored by then, so that a database that fails is no error of who brings them: it is logged,
  /// and what is not found out is not counted.
  void Learn(std::span<const serving::Label> labels, std::span<const size_t> first);

  /// Whether a release still needs a version: it is not to be taken out of service.
  bool Holds(std::string_view model, std::string_view version) const;

  // What the API asks; errors of the controller.
  const std::vector<std::string>& models() const { return source_.models; }
  deploy::ReleaseStore& store() { return store_; }
  /// kNotFound for a model whose releases this server does not carry out.
  Result<deploy::ReleaseController*> Of(std::string_view model) const;
  /// Fills in versions that are given by alias, begins, and loads. Returns the id.
  Result<std::string> Begin(deploy::NewRelease wanted);

 private:
  struct Followed {
    std::unique_ptr<deploy::ReleaseController> controller;
    /// Whether "" stands for the alias champion, not for the highest version.
    std::atomic<bool> has_champion{true};
    std::string complaint;  // said last; the ticker's
  };
  Status Prepare(const std::string& model, const std::string& version) override;
  Status MayPromote(const std::string& model, const std::string& alias,
                    const std::string& version) override;
  Status SetAlias(const std::string& model, const std::string& alias,
                  const std::string& version) override;
  Status Retire(const std::string& model, const std::string& version) override;
  Status LearnSome(std::span<const serving::Label> labels, std::span<const size_t> some);
  bool ServesVersion(const std::string& model, const std::string& version) const;
  bool UnderWay() const;
  void Run();
  void TickAll();

  serving::Catalog& catalog_;
  ServedModels& models_;
  store::Database& database_;
  const Clock& clock_;
  const ReleaseSource source_;
  deploy::ReleaseStore store_;
  mutable Mutex held_mutex_;
  std::set<std::pair<std::string, std::string>> held_ QUERN_GUARDED_BY(held_mutex_);
  std::vector<std::unique_ptr<Followed>> followed_;  // beside source_.models
  Seldom told_{10};                                  // seconds between failures to learn
  ShadowQueue shadow_;
  Mutex mutex_;
  std::condition_variable wake_;
  bool stop_ QUERN_GUARDED_BY(mutex_) = false;
  bool begun_ QUERN_GUARDED_BY(mutex_) = false;  // a release; it is ticked at once
  std::thread ticker_;
};

}  // namespace quern::server
