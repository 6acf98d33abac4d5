#pragma once
// The model server as one object: what `quern serve`, the deploy and the monitor steps start and
// stop.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "net/http.h"
#include "server/access_log.h"
#include "server/front.h"
#include "server/releases.h"
#include "server/served_models.h"
#include "server/tracer.h"
#include "serving/inference.h"
#include "serving/prediction_log.h"
#include "signing/trust.h"
#include "store/database.h"

namespace quern::server {

/// Limits of what may be asked for on a command line.
inline constexpr size_t kMostThreads = 1024;
inline constexpr size_t kMostQueued = 1'000'000;

struct ServeOptions {
  /// The first one is what /invocations asks.
  std::vector<ModelToServe> models;
  /// Host, port, threads, limits, timeouts.
  net::ServerOptions http;
  /// Where predictions and labels are kept; must outlive the server. Null: neither is.
  store::Database* database = nullptr;
  /// With a database: whether predictions are logged. Labels are kept in any case.
  bool log_predictions = true;
  /// `folder` is to be named.
  serving::PredictionLogOptions log;
  /// Absent: requests are not logged.
  std::optional<AccessLogOptions> access_log;
  /// Absent: traces of callers are echoed, and none are sent on.
  std::optional<TracerOptions> tracing;
  const Clock* clock = &SystemClock();
  serving::InferenceOptions inference;
  /// Whether clients may load and unload models.
  bool model_control = false;
  /// With a database and a `find`: releases of these models are carried out.
  ReleaseSource releases;
  /// Listens beside HTTP; empty: nothing does.
  FrontMaker front;
  /// Whose signatures count. With any key, a model that none of them signed, or that is not what
  /// was signed, is not loaded.
  signing::Trust trust;
  /// Replaced in tests.
  ModelLoader load;
};

/// Models that can be exchanged while requests are under way. Thread-safe.
class ModelsInService {
 public:
  virtual ~ModelsInService() = default;
  /// Loads another model, or exchanges a version; requests that began keep what they began with.
  virtual Status AddModel(const ModelToServe& model) = 0;
  virtual Status SetAlias(std::string_view name, std::string_view alias,
                          std::string_view version) = 0;
  /// A version that a release needs stays until the release lets it go.
  virtual Status RemoveModel(std::string_view name, std::string_view version) = 0;
  /// Whether that version, or what that alias points at, is in service.
  virtual bool Serves(std::string_view name, std::string_view version) const = 0;
};

/// A listening model server. Thread-safe.
class RunningServer : public ModelsInService {
 public:
  virtual uint16_t port() const = 0;
  /// "http://127.0.0.1:8080".
  virtual std::string url() const = 0;
  /// Beside HTTP; null if there is none.
  virtual const Front* front() const = 0;
  /// No longer ready, requests in flight are answered, the prediction log is written. Idempotent.
  virtual void Stop() = 0;
};

/// Loads all models, then listens. Errors: of loading (naming the model and its directory), of
/// listening.
Result<std::unique_ptr<RunningServer>> StartServer(ServeOptions options);

/// Runs until SIGTERM or SIGINT, then stops gracefully; returns the signal's number. Call
/// net::BlockShutdownSignals() before StartServer().
int WaitForSignal(RunningServer& server);

}  // namespace quern::server
