#include "remote/settings.h"

#include <algorithm>

#include "base/base64.h"
#include "base/text.h"

namespace quern::remote {
namespace {

using Environment = std::function<const char*(const char*)>;

std::string Text(const Environment& environment, const char* name) {
  const char* value = environment(name);
  return value == nullptr ? "" : value;
}

/// A secret goes into a header: a line break would end it.
Result<std::string> Secret(const Environment& environment, const char* name) {
  std::string text = Text(environment, name);
  const bool control =
      std::any_of(text.begin(), text.end(), [](char c) { return c >= 0 && c < ' '; });
  if (!control) return text;
  return Fail(Code::kInvalidArgument, std::string(name) + " holds a control character",
              "is there a line break at its end?");
}

Result<double> Number(const Environment& environment, const char* name, double usual, double least,
                      double most) {
  const std::string text = Text(environment, name);
  if (text.empty()) return usual;
  const auto value = ParseDouble(text);
  if (value && *value >= least && *value <= most) return *value;
  return Fail(Code::kInvalidArgument, std::string(name) + " is '" + text +
                                          "', which is not a number from " + ShortestDouble(least) +
                                          " to " + ShortestDouble(most));
}

}  // namespace

Result<Settings> ReadSettings(const Environment& environment) {
  Settings settings;
  QUERN_ASSIGN(const std::string user, Secret(environment, "MLFLOW_TRACKING_USERNAME"));
  QUERN_ASSIGN(const std::string password, Secret(environment, "MLFLOW_TRACKING_PASSWORD"));
  QUERN_ASSIGN(const std::string token, Secret(environment, "MLFLOW_TRACKING_TOKEN"));
  if (!user.empty() && !password.empty()) {
    settings.authorization = "Basic " + ToBase64(user + ":" + password);
  } else if (!token.empty()) {
    settings.authorization = "Bearer " + token;
  }
  settings.trust.ca_bundle = Text(environment, "MLFLOW_TRACKING_SERVER_CERT_PATH");
  const std::string insecure = ToLower(Text(environment, "MLFLOW_TRACKING_INSECURE_TLS"));
  settings.trust.verify = insecure != "true" && insecure != "1";
  QUERN_ASSIGN(settings.timeout,
               Number(environment, "MLFLOW_HTTP_REQUEST_TIMEOUT", settings.timeout, 0.1, 86400));
  QUERN_ASSIGN(const double retries,
               Number(environment, "MLFLOW_HTTP_REQUEST_MAX_RETRIES", settings.retries, 0, 100));
  settings.retries = static_cast<int>(retries);
  return settings;
}

}  // namespace quern::remote
