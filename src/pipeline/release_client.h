#pragma once
// Our own client of a model server's releases: /v1/releases.
#include <cstdint>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "deploy/strategy.h"
#include "net/client.h"

namespace quern::pipeline {

/// Of one model's releases. Not thread-safe: one connection. Errors: kNotFound for what the server
/// does not have, kFailedPrecondition with the server's words for what it refuses, kUnavailable
/// for the rest.
class ReleaseClient {
 public:
  ReleaseClient(uint16_t port, std::string model, std::string actor)
      : client_("127.0.0.1", port), model_(std::move(model)), actor_(std::move(actor)) {}

  /// Returns the release's id.
  Result<std::string> Begin(int64_t stable, int64_t candidate, const deploy::Strategy& strategy);
  /// The release under way, else the newest, as ReleaseJson writes it; kNotFound without one.
  Result<json::value> Latest();
  /// Its audit records, oldest first.
  Result<json::array> Log();
  /// Rolls it back.
  Status Abort(const std::string& reason);

 private:
  std::string Path(std::string_view rest) const;
  net::HttpClient client_;
  std::string model_;
  std::string actor_;
};

}  // namespace quern::pipeline
