#pragma once
// How a tracking server is asked, by MLflow's own environment names.
#include <functional>
#include <string>

#include "base/result.h"
#include "net/tls_trust.h"

namespace quern::remote {

struct Settings {
  /// The header Authorization: from MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, else
  /// from MLFLOW_TRACKING_TOKEN; "" if there is neither. A secret: never part of a message.
  std::string authorization;
  /// MLFLOW_TRACKING_SERVER_CERT_PATH names a file of certificates to trust;
  /// MLFLOW_TRACKING_INSECURE_TLS: true trusts any certificate.
  net::TlsTrust trust;
  /// MLFLOW_HTTP_REQUEST_TIMEOUT: seconds for one request.
  double timeout = 120;
  /// MLFLOW_HTTP_REQUEST_MAX_RETRIES: requests after the first that fails.
  int retries = 7;
  /// Seconds before the first repetition; each further one waits twice as long, 30 at most.
  double backoff = 0.25;
};

/// `environment` gives a variable's value, or null. kInvalidArgument names the variable, and never
/// repeats a secret.
Result<Settings> ReadSettings(const std::function<const char*(const char*)>& environment);

}  // namespace quern::remote
