#pragma once
// One delivery as an HTTP request: body, signature, headers.
#include <string>

#include "net/outbound.h"
#include "webhooks/webhook.h"

namespace quern::webhooks {

struct Message {
  std::string delivery_id;
  std::string url;
  std::string secret;  // in the clear; "": not signed
  EventName event;
  int64_t happened_ms = 0;
  std::string data;  // a JSON object
};

/// `{"entity", "action", "timestamp", "data"}`, with X-MLflow-Delivery-Id, X-MLflow-Timestamp
/// (seconds, `now_ms`) and, if there is a secret, X-MLflow-Signature:
/// "v1," + base64(HMAC-SHA-256(secret, "id.timestamp.body")).
net::OutboundRequest ToRequest(const Message& message, int64_t now_ms);

}  // namespace quern::webhooks
