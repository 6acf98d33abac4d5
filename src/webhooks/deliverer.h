#pragma once
// Sends what is queued, on a thread of its own.
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "base/time.h"
#include "net/outbound.h"
#include "store/database.h"
#include "webhooks/message.h"
#include "webhooks/settings.h"
#include "webhooks/vault.h"

namespace quern::webhooks {

/// Thread-safe. Borrows all it is given. Its thread exists only once there is a webhook. It looks
/// every second for what other processes on the same database have queued.
class Deliverer {
 public:
  Deliverer(store::Database& database, const Clock& clock, Vault& vault, const Settings& settings);
  /// Stops: what is under way is sent again by the next one.
  ~Deliverer();
  Deliverer(const Deliverer&) = delete;
  Deliverer& operator=(const Deliverer&) = delete;

  /// Goes on with what an earlier process left, if there is any webhook.
  Status Start();
  /// Something was queued and committed, or the first webhook was made.
  void Wake();
  void Stop();

  /// Sends one event to one webhook now, once, and waits for the answer.
  Result<net::HttpResponse> SendNow(const std::string& webhook_id, const EventName& event,
                                    const std::string& data);

 private:
  struct Delivery {
    Message message;
    std::string webhook_id;
    int64_t failures = 0;
  };

  net::OutboundOptions Outgoing() const;
  void Run();
  /// Takes what is due, begins to send it; returns the seconds until it should look again.
  Result<double> Begin(net::Outbound& outbound);
  /// When the next delivery is due; the greatest number if nothing waits.
  Result<int64_t> NextDue();
  /// At most `limit` that are due, moved on so that no other server takes them; their secrets are
  /// still sealed.
  Result<std::vector<Delivery>> Claim(size_t limit);
  /// Forgets the delivery, or says when it is tried again.
  Status Settle(const Delivery& delivery, const Result<net::HttpResponse>& answer);

  store::Database& db_;
  const Clock& clock_;
  Vault& vault_;
  const Settings& settings_;
  Mutex mutex_;
  std::thread thread_ QUERN_GUARDED_BY(mutex_);
  std::unique_ptr<net::Outbound> outbound_ QUERN_GUARDED_BY(mutex_);
  std::atomic<bool> stopping_ = false;
  std::map<uint64_t, Delivery> running_;  // of the thread alone
  uint64_t last_ticket_ = 0;              // of the thread alone
};

}  // namespace quern::webhooks
