#pragma once
// A front beside HTTP, over the same models: what a server of models starts and stops.
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "server/context.h"

namespace quern::server {

/// Thread-safe.
class Front {
 public:
  /// Stops.
  virtual ~Front() = default;
  /// Where it listens, for people: "grpc://127.0.0.1:8001".
  virtual std::string url() const = 0;
  /// Models came or went.
  virtual void ModelsChanged() = 0;
  /// No new calls; those in flight are answered. Idempotent.
  virtual void Stop() = 0;
};

/// Listens; the front borrows the context. Errors: of listening.
using FrontMaker = std::function<Result<std::unique_ptr<Front>>(const ServingContext& context)>;

}  // namespace quern::server
