#pragma once
// Who wants to hear of what.
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "store/database.h"
#include "webhooks/settings.h"
#include "webhooks/vault.h"
#include "webhooks/webhook.h"

namespace quern::webhooks {

/// Thread-safe. Borrows all it is given. Unknown ids are kNotFound; what is wrong with a webhook is
/// kInvalidArgument (check.h).
class Webhooks {
 public:
  Webhooks(store::Database& database, const Clock& clock, Vault& vault, const Settings& settings)
      : db_(database), clock_(clock), vault_(vault), settings_(settings) {}

  Result<Webhook> Create(const NewWebhook& webhook);
  Result<Webhook> Get(const std::string& id);
  /// `max_results`: 1 to 1000.
  Result<WebhookPage> List(int64_t max_results, const std::string& page_token);
  /// What still waits for a webhook that is made inactive is dropped.
  Result<Webhook> Update(const std::string& id, const WebhookChange& change);
  Status Delete(const std::string& id);

  /// Queues the event for every active webhook that wants it; `data` is a JSON object. Joins the
  /// caller's transaction. Returns for how many.
  Result<int64_t> Tell(const EventName& event, const std::string& data);

 private:
  Status FillEvents(Webhook& webhook);
  Status WriteEvents(const std::string& id, const std::vector<EventName>& events);
  store::Database& db_;
  const Clock& clock_;
  Vault& vault_;
  const Settings& settings_;
};

}  // namespace quern::webhooks
