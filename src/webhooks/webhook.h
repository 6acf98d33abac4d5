#pragma once
// Values of the webhook store. Times are milliseconds since 1970.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quern::webhooks {

/// "registered_model", "created": what happened to what.
struct EventName {
  std::string entity;
  std::string action;
  bool operator==(const EventName&) const = default;
};

struct Webhook {
  std::string id;
  std::string name;
  std::string url;
  std::string description;
  bool active = true;
  std::vector<EventName> events;
  int64_t created_ms = 0;
  int64_t updated_ms = 0;
};

struct NewWebhook {
  std::string name;
  std::string url;
  std::string description;
  std::string secret;  // "": requests are not signed
  bool active = true;
  std::vector<EventName> events;
};

/// What is absent stays.
struct WebhookChange {
  std::optional<std::string> name;
  std::optional<std::string> url;
  std::optional<std::string> description;
  std::optional<std::string> secret;  // "" takes it away
  std::optional<bool> active;
  std::optional<std::vector<EventName>> events;
};

struct WebhookPage {
  std::vector<Webhook> items;  // newest first
  std::string next_token;      // "" at the end
};

}  // namespace quern::webhooks
