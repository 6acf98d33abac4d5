#include "server/webhook_queue.h"

#include "server/mlflow/webhook_events.h"
#include "webhooks/webhooks.h"

namespace quern::server {
namespace {

class WebhookQueue : public registry::Listener {
 public:
  WebhookQueue(store::Database& database, const Clock& clock, Fs& fs)
      : vault_("", fs, ""), webhooks_(database, clock, vault_, settings_), teller_(webhooks_) {}
  Status Happened(const registry::Event& event) override { return teller_.Happened(event); }
  void Committed() override { teller_.Committed(); }

 private:
  // How webhooks are stored and sent; telling them of something needs neither.
  webhooks::Settings settings_;
  webhooks::Vault vault_;
  webhooks::Webhooks webhooks_;
  mlflow::WebhookTeller teller_;
};

}  // namespace

std::unique_ptr<registry::Listener> MakeWebhookQueue(store::Database& database, const Clock& clock,
                                                     Fs& fs) {
  return std::make_unique<WebhookQueue>(database, clock, fs);
}

}  // namespace quern::server
