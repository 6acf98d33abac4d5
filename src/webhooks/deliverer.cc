#include "webhooks/deliverer.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"

namespace quern::webhooks {

using store::Row;

namespace {

constexpr double kLongestBackoff = 60;
constexpr double kLongestRetryAfter = 600;
/// Seconds after a request's time limit at which another server may take it for lost.
constexpr double kLease = 30;
/// Seconds between looks for what other processes have queued.
constexpr double kLook = 1;
/// With all places taken: what ends one wakes us.
constexpr double kFull = 3600;

bool WorthRepeating(const Result<net::HttpResponse>& answer) {
  if (!answer) return answer.error().code != Code::kPermissionDenied;
  constexpr int kBusy[] = {429, 500, 502, 503, 504};
  return std::find(std::begin(kBusy), std::end(kBusy), answer->status) != std::end(kBusy);
}

std::string Outcome(const Result<net::HttpResponse>& answer) {
  return answer ? "status " + std::to_string(answer->status) : answer.error().message;
}

/// Twice as long each time, and at random a little longer, so that many do not come at once.
double SecondsToWait(double backoff, int64_t failures, const Result<net::HttpResponse>& answer) {
  thread_local Rng rng(static_cast<uint64_t>(std::hash<std::string>()(NewHexId())));
  const double doubled = backoff * std::pow(2.0, static_cast<double>(failures - 1));
  double seconds = std::min(doubled, kLongestBackoff) + std::min(backoff, 1.0) * rng.Uniform();
  if (answer) {
    if (const auto asked = ParseInt(answer->Find("Retry-After"))) {
      seconds = std::max(seconds, std::min(static_cast<double>(*asked), kLongestRetryAfter));
    }
  }
  return seconds;
}

/// At most until the next look.
double SecondsUntil(int64_t due_ms, int64_t now_ms) {
  if (due_ms <= now_ms) return 0;
  return std::min(static_cast<double>(due_ms - now_ms) / 1000, kLook);
}

int64_t Milliseconds(double seconds) { return static_cast<int64_t>(seconds * 1000); }

}  // namespace

Deliverer::Deliverer(store::Database& database, const Clock& clock, Vault& vault,
                     const Settings& settings)
    : db_(database), clock_(clock), vault_(vault), settings_(settings) {}

Deliverer::~Deliverer() { Stop(); }

net::OutboundOptions Deliverer::Outgoing() const {
  net::OutboundOptions options;
  options.parallel = settings_.parallel;
  options.timeout = settings_.timeout;
  options.allow_private = settings_.allow_private;
  options.trust.ca_bundle = settings_.ca_bundle;
  return options;
}

Status Deliverer::Start() {
  int64_t webhooks = 0;
  QUERN_TRY(db_.Query("SELECT count(*) FROM webhooks", {},
                      [&](const Row& row) { webhooks = row.Int(0); }));
  if (webhooks > 0) Wake();
  return {};
}

void Deliverer::Wake() {
  const MutexLock lock(mutex_);
  if (stopping_) return;
  if (outbound_ != nullptr) return outbound_->Wake();
  auto opened = net::Outbound::Open(Outgoing());
  if (!opened) return Log(LogLevel::kError, "webhooks wait: " + opened.error().ToString());
  outbound_ = std::move(*opened);
  thread_ = std::thread([this] { Run(); });
}

void Deliverer::Stop() {
  std::thread ending;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    if (outbound_ != nullptr) outbound_->Wake();
    ending.swap(thread_);
  }
  if (ending.joinable()) ending.join();
}

void Deliverer::Run() {
  net::Outbound* outbound = nullptr;
  {
    const MutexLock lock(mutex_);
    outbound = outbound_.get();
  }
  while (!stopping_) {
    double seconds = kLook;
    if (auto next = Begin(*outbound)) {
      seconds = *next;
    } else {
      Log(LogLevel::kError, "webhooks: " + next.error().ToString());
    }
    for (const auto& ended : outbound->Wait(seconds)) {
      const auto found = running_.find(ended.ticket);
      const Status settled = Settle(found->second, ended.answer);
      if (!settled) Log(LogLevel::kError, "webhooks: " + settled.error().ToString());
      running_.erase(found);
    }
  }
}

Result<double> Deliverer::Begin(net::Outbound& outbound) {
  if (running_.size() >= settings_.parallel) return kFull;
  // Looking takes no lock; claiming does, so that two servers do not send the same.
  QUERN_ASSIGN(int64_t next, NextDue());
  if (next > clock_.NowMs()) return SecondsUntil(next, clock_.NowMs());
  QUERN_ASSIGN(auto claimed, Claim(settings_.parallel - running_.size()));
  for (Delivery& delivery : claimed) {
    auto secret = vault_.Show(delivery.message.secret, delivery.webhook_id);
    if (!secret) {
      Log(LogLevel::kError, "webhook " + delivery.webhook_id + ": " + secret.error().ToString());
      QUERN_TRY(db_.Execute("DELETE FROM webhook_deliveries WHERE id = ?",
                            {delivery.message.delivery_id}));
      continue;
    }
    delivery.message.secret = std::move(*secret);
    const uint64_t ticket = ++last_ticket_;
    outbound.Post(ticket, ToRequest(delivery.message, clock_.NowMs()));
    running_[ticket] = std::move(delivery);
  }
  QUERN_ASSIGN(next, NextDue());
  return SecondsUntil(next, clock_.NowMs());
}

Result<int64_t> Deliverer::NextDue() {
  int64_t next = INT64_MAX;
  QUERN_TRY(db_.Query("SELECT min(due_ms) FROM webhook_deliveries", {}, [&](const Row& row) {
    if (!row.IsNull(0)) next = row.Int(0);
  }));
  return next;
}

Result<std::vector<Deliverer::Delivery>> Deliverer::Claim(size_t limit) {
  std::vector<Delivery> claimed;
  QUERN_TRY(db_.Write([&]() -> Status {
    const int64_t now = clock_.NowMs();
    QUERN_TRY(db_.Query(
        "SELECT d.id, d.webhook_id, d.entity, d.action, d.happened_ms, d.data, d.attempts, w.url, "
        "w.secret FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id "
        "WHERE d.due_ms <= ? ORDER BY d.due_ms, d.id LIMIT ?",
        {now, static_cast<int64_t>(limit)}, [&](const Row& row) {
          Delivery delivery;
          delivery.message.delivery_id = row.Text(0);
          delivery.webhook_id = row.Text(1);
          delivery.message.event = {row.Text(2), row.Text(3)};
          delivery.message.happened_ms = row.Int(4);
          delivery.message.data = row.Text(5);
          delivery.failures = row.Int(6);
          delivery.message.url = row.Text(7);
          delivery.message.secret = row.Text(8);
          claimed.push_back(std::move(delivery));
        }));
    const int64_t lost = now + Milliseconds(settings_.timeout + kLease);
    for (const Delivery& delivery : claimed) {
      QUERN_TRY(db_.Execute("UPDATE webhook_deliveries SET due_ms = ? WHERE id = ?",
                            {lost, delivery.message.delivery_id}));
    }
    return {};
  }));
  return claimed;
}

Status Deliverer::Settle(const Delivery& delivery, const Result<net::HttpResponse>& answer) {
  const std::string& id = delivery.message.delivery_id;
  const int64_t failures = delivery.failures + 1;
  if (WorthRepeating(answer) && failures <= settings_.retries) {
    const double seconds = SecondsToWait(settings_.backoff, failures, answer);
    return db_.Write([&] {
      return db_.Execute("UPDATE webhook_deliveries SET attempts = ?, due_ms = ? WHERE id = ?",
                         {failures, clock_.NowMs() + Milliseconds(seconds), id});
    });
  }
  if (!answer || answer->status >= 400) {
    Log(LogLevel::kWarning, "webhook " + delivery.webhook_id + " was not told of " +
                                delivery.message.event.entity + "." +
                                delivery.message.event.action + ": " + Outcome(answer));
  }
  return db_.Write(
      [&] { return db_.Execute("DELETE FROM webhook_deliveries WHERE id = ?", {id}); });
}

Result<net::HttpResponse> Deliverer::SendNow(const std::string& webhook_id, const EventName& event,
                                             const std::string& data) {
  Message message;
  std::string hidden;
  bool found = false;
  QUERN_TRY(
      db_.Query("SELECT url, secret FROM webhooks WHERE id = ?", {webhook_id}, [&](const Row& row) {
        found = true;
        message.url = row.Text(0);
        hidden = row.Text(1);
      }));
  if (!found) return Fail(Code::kNotFound, "Webhook with ID " + webhook_id + " not found.");
  QUERN_ASSIGN(message.secret, vault_.Show(hidden, webhook_id));
  message.delivery_id = NewUuid7(clock_);
  message.event = event;
  message.happened_ms = clock_.NowMs();
  message.data = data;
  return net::Outbound::Exchange(Outgoing(), ToRequest(message, clock_.NowMs()));
}

}  // namespace quern::webhooks
