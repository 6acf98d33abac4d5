#include "webhooks/message.h"

#include "base/base64.h"
#include "base/secret.h"
#include "base/time.h"

namespace quern::webhooks {

net::OutboundRequest ToRequest(const Message& message, int64_t now_ms) {
  // Entity and action are words of a fixed list, data is JSON already: nothing needs escapes.
  std::string time = FormatTime(message.happened_ms);
  time.pop_back();  // "Z"; older Pythons read an offset alone
  net::OutboundRequest request;
  request.url = message.url;
  request.body = "{\"entity\":\"" + message.event.entity + "\",\"action\":\"" +
                 message.event.action + "\",\"timestamp\":\"" + time +
                 "+00:00\",\"data\":" + message.data + "}";
  const std::string seconds = std::to_string(now_ms / 1000);
  request.headers = {{"Content-Type", "application/json"},
                     {"X-MLflow-Delivery-Id", message.delivery_id},
                     {"X-MLflow-Timestamp", seconds}};
  if (!message.secret.empty()) {
    const std::string signature = ToBase64(
        HmacSha256(message.secret, message.delivery_id + "." + seconds + "." + request.body));
    request.headers.push_back({"X-MLflow-Signature", "v1," + signature});
  }
  return request;
}

}  // namespace quern::webhooks
