#pragma once
// What webhooks are told, in MLflow's words: which events there are, and what each carries.
#include <atomic>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "registry/context.h"
#include "webhooks/deliverer.h"
#include "webhooks/webhooks.h"

namespace quern::server::mlflow {

/// Words of requests in the order of their numbers there, which count from 1; deliveries carry them
/// in lower case.
std::span<const std::string_view> WebhookEntities();
std::span<const std::string_view> WebhookActions();

/// kInvalidArgument if this never happens to that.
Status CheckWebhookEvent(const webhooks::EventName& event);
/// What a test delivery carries: a JSON object.
std::string ExamplePayload(const webhooks::EventName& event);

/// The name of an event of the registry; an empty one for what webhooks are not told.
webhooks::EventName WebhookEventOf(const registry::Event& event);
/// What it carries: a JSON object.
std::string PayloadOf(const registry::Event& event);

/// Queues the registry's events for whoever wants them. Borrows both. Thread-safe.
class WebhookTeller : public registry::Listener {
 public:
  /// Without a deliverer, that of another process finds what is queued.
  explicit WebhookTeller(webhooks::Webhooks& webhooks, webhooks::Deliverer* deliverer = nullptr)
      : webhooks_(webhooks), deliverer_(deliverer) {}
  Status Happened(const registry::Event& event) override;
  void Committed() override;

 private:
  webhooks::Webhooks& webhooks_;
  webhooks::Deliverer* deliverer_;
  std::atomic<bool> queued_ = false;
};

}  // namespace quern::server::mlflow
