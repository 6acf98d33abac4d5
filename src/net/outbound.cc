#include "net/outbound.h"

#include <atomic>
#include <deque>
#include <map>
#include <utility>

#include "base/check.h"
#include "base/time.h"
#include "net/curl_exchange.h"

namespace quern::net {
namespace {

/// One request under way.
struct Transfer {
  Transfer(const CurlLibrary& curl, uint64_t number, OutboundRequest given)
      : ticket(number),
        request(std::move(given)),
        exchange(curl, "POST", request.url, request.headers, request.body) {}
  uint64_t ticket;
  OutboundRequest request;
  CurlExchange exchange;
};

}  // namespace

struct Outbound::State {
  OutboundOptions options;
  const CurlLibrary* curl = nullptr;
  CURLM* multi = nullptr;
  std::map<CURL*, std::unique_ptr<Transfer>> running;
  std::deque<std::unique_ptr<Transfer>> waiting;
  std::atomic<bool> woken = false;

  ~State() {
    while (!running.empty()) Forget(running.begin()->first);
    if (multi != nullptr) curl->multi_cleanup(multi);
  }

  void Start(std::unique_ptr<Transfer> transfer) {
    CURL* handle = curl->easy_init();
    QUERN_CHECK(handle != nullptr, "libcurl has no memory");
    transfer->exchange.Prepare(handle, options.timeout, options.trust);
    // A kept connection was judged for another request.
    curl->easy_setopt(handle, CURLOPT_FRESH_CONNECT, 1L);
    curl->easy_setopt(handle, CURLOPT_FORBID_REUSE, 1L);
    running[handle] = std::move(transfer);
    curl->multi_add_handle(multi, handle);
  }

  void Forget(CURL* handle) {
    curl->multi_remove_handle(multi, handle);
    curl->easy_cleanup(handle);
    running.erase(handle);
  }

  void StartWaiting() {
    while (!waiting.empty() && running.size() < options.parallel) {
      Start(std::move(waiting.front()));
      waiting.pop_front();
    }
  }

  std::vector<Ended> Collect() {
    std::vector<Ended> ended;
    int left = 0;
    while (CURLMsg* message = curl->multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* handle = message->easy_handle;
      const CURLcode code = message->data.result;
      Transfer& transfer = *running.at(handle);
      ended.push_back({transfer.ticket, transfer.exchange.Take(handle, code)});
      Forget(handle);
    }
    return ended;
  }
};

Outbound::Outbound(std::unique_ptr<State> state) : state_(std::move(state)) {}
Outbound::~Outbound() = default;

Result<std::unique_ptr<Outbound>> Outbound::Open(const OutboundOptions& options) {
  auto state = std::make_unique<State>();
  state->options = options;
  QUERN_ASSIGN(state->curl, CurlLibrary::Get());
  state->multi = state->curl->multi_init();
  if (state->multi == nullptr) return Fail(Code::kUnavailable, "libcurl cannot begin its work");
  return std::unique_ptr<Outbound>(new Outbound(std::move(state)));
}

void Outbound::Post(uint64_t ticket, OutboundRequest request) {
  auto transfer = std::make_unique<Transfer>(*state_->curl, ticket, std::move(request));
  transfer->exchange.max_body = state_->options.kept_body;
  transfer->exchange.allow_private = state_->options.allow_private;
  state_->waiting.push_back(std::move(transfer));
  state_->StartWaiting();
}

std::vector<Outbound::Ended> Outbound::Wait(double seconds) {
  const double until = MonotonicSeconds() + seconds;
  for (;;) {
    int active = 0;
    state_->curl->multi_perform(state_->multi, &active);
    std::vector<Ended> ended = state_->Collect();
    state_->StartWaiting();
    const double left = until - MonotonicSeconds();
    if (!ended.empty() || left <= 0 || state_->woken.exchange(false)) return ended;
    state_->curl->multi_poll(state_->multi, nullptr, 0, static_cast<int>(left * 1000) + 1, nullptr);
  }
}

void Outbound::Wake() {
  state_->woken.store(true);
  state_->curl->multi_wakeup(state_->multi);
}

size_t Outbound::running() const { return state_->running.size() + state_->waiting.size(); }

Result<HttpResponse> Outbound::Exchange(const OutboundOptions& options, OutboundRequest request) {
  QUERN_ASSIGN(const auto outbound, Open(options));
  outbound->Post(0, std::move(request));
  for (;;) {
    auto ended = outbound->Wait(options.timeout + 1);
    if (!ended.empty()) return std::move(ended.front().answer);
  }
}

}  // namespace quern::net
