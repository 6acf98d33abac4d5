#include "webhooks/settings.h"

#include <algorithm>
#include <optional>

#include "base/base64.h"
#include "base/secret.h"
#include "base/text.h"

namespace quern::webhooks {
namespace {

using Environment = std::function<const char*(const char*)>;

std::unexpected<Error> Bad(const char* name, const char* value, std::string_view what) {
  return Fail(Code::kInvalidArgument,
              std::string(name) + "='" + value + "' is not " + std::string(what),
              "set it right, or unset it");
}

Status ReadWhole(const Environment& environment, const char* name, int64_t least,
                 const std::function<void(int64_t)>& take) {
  const char* value = environment(name);
  if (value == nullptr) return {};
  const auto number = ParseInt(value);
  if (!number || *number < least || *number > 1'000'000) {
    return Bad(name, value, "a whole number from " + std::to_string(least));
  }
  take(*number);
  return {};
}

}  // namespace

Result<Settings> ReadSettings(const Environment& environment) {
  Settings settings;
  QUERN_TRY(ReadWhole(environment, "MLFLOW_WEBHOOK_REQUEST_TIMEOUT", 1,
                      [&](int64_t n) { settings.timeout = static_cast<double>(n); }));
  QUERN_TRY(ReadWhole(environment, "MLFLOW_WEBHOOK_REQUEST_MAX_RETRIES", 0,
                      [&](int64_t n) { settings.retries = static_cast<int>(n); }));
  QUERN_TRY(ReadWhole(environment, "MLFLOW_WEBHOOK_DELIVERY_MAX_WORKERS", 1,
                      [&](int64_t n) { settings.parallel = static_cast<size_t>(n); }));
  if (const char* value = environment("MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY")) {
    auto key = FromBase64(Trim(value));
    if (!key || key->size() != kSealKeyBytes) {
      // A key is not shown, even a broken one.
      return Fail(Code::kInvalidArgument,
                  "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY is not the base64 of 32 bytes",
                  "`openssl rand -base64 32` makes one");
    }
    settings.key = std::move(*key);
  }
  if (const char* value = environment("MLFLOW_WEBHOOK_ALLOWED_SCHEMES")) {
    settings.schemes.clear();
    for (const std::string_view part : Split(value, ',')) {
      const std::string scheme = ToLower(Trim(part));
      if (scheme != "http" && scheme != "https") {
        return Bad("MLFLOW_WEBHOOK_ALLOWED_SCHEMES", value, "http, https or both with a comma");
      }
      settings.schemes.push_back(scheme);
    }
  }
  if (const char* value = environment("MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS")) {
    const std::string word = ToLower(Trim(value));
    if (word != "true" && word != "1" && word != "false" && word != "0") {
      return Bad("MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS", value, "true or false");
    }
    settings.allow_private = word == "true" || word == "1";
  }
  for (const char* name : {"CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"}) {
    const char* value = environment(name);
    if (value != nullptr && *value != '\0') settings.ca_bundle = value;
  }
  return settings;
}

}  // namespace quern::webhooks
