#pragma once
// A front beside HTTP, over the same models: what a server of models starts and stops.
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/http.h"
#include "server/context.h"
#include "server/observer.h"

namespace quern::server {

/// Thread-safe.
class Front {
 public:
  /// Stops.
  virtual ~Front() = default;
  /// Where it listens, for people: "grpc://127.0.0.1:8001".
  virtual std::string url() const = 0;
  /// Calls that were taken and are not answered yet.
  virtual size_t inflight() const = 0;
  /// Models came or went.
  virtual void ModelsChanged() = 0;
  /// No new calls; those in flight are answered. Idempotent.
  virtual void Stop() = 0;
};

/// What a front is given. Borrowed.
struct FrontPlace {
  const ServingContext& context;
  Observer& observer;
  /// Of HTTP beside it: certificate and tokens hold for the front too.
  const net::ServerOptions& http;
};

/// Listens. Errors: of listening, and of a certificate that cannot be used.
using FrontMaker = std::function<Result<std::unique_ptr<Front>>(const FrontPlace& place)>;

}  // namespace quern::server
