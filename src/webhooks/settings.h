#pragma once
// How webhooks behave, by MLflow's own environment names.
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace quern::webhooks {

struct Settings {
  /// MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY: 32 bytes, given as base64; "" if it is not set.
  std::string key;
  /// MLFLOW_WEBHOOK_REQUEST_TIMEOUT: seconds for one request.
  double timeout = 30;
  /// MLFLOW_WEBHOOK_REQUEST_MAX_RETRIES: requests after the first that fails.
  int retries = 3;
  /// MLFLOW_WEBHOOK_DELIVERY_MAX_WORKERS: requests under way at once.
  size_t parallel = 10;
  /// MLFLOW_WEBHOOK_ALLOWED_SCHEMES: with commas.
  std::vector<std::string> schemes{"https"};
  /// MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS: true for tests and closed networks.
  bool allow_private = false;
  /// REQUESTS_CA_BUNDLE, else CURL_CA_BUNDLE, as MLflow's own client of webhooks has it: a file of
  /// certificates that are trusted instead of the system's; "" for the system's.
  std::string ca_bundle;
  /// Seconds before the first repetition; each further one waits twice as long.
  double backoff = 1;
};

/// `environment` gives a variable's value, or null. kInvalidArgument names the variable.
Result<Settings> ReadSettings(const std::function<const char*(const char*)>& environment);

}  // namespace quern::webhooks
