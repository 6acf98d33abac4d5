#include "net/outbound.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "base/time.h"
#include "net/address.h"
#include "net/curl_library.h"

namespace quern::net {
namespace {

/// One request under way: what curl reads from and writes to.
struct Transfer {
  uint64_t ticket = 0;
  OutboundRequest request;
  HttpResponse response;
  size_t kept_body = 0;
  bool allow_private = false;
  bool refused = false;
  curl_slist* headers = nullptr;
};

size_t OnBody(char* bytes, size_t size, size_t count, void* user) {
  auto* transfer = static_cast<Transfer*>(user);
  std::string& body = transfer->response.body;
  body.append(bytes, std::min(size * count, transfer->kept_body - body.size()));
  return size * count;
}

size_t OnHeader(char* bytes, size_t size, size_t count, void* user) {
  auto* transfer = static_cast<Transfer*>(user);
  const std::string_view line(bytes, size * count);
  std::vector<Header>& headers = transfer->response.headers;
  if (StartsWith(line, "HTTP/")) {
    headers.clear();  // of an interim answer
  } else if (const size_t colon = line.find(':'); colon != std::string_view::npos) {
    headers.push_back(
        {std::string(line.substr(0, colon)), std::string(Trim(line.substr(colon + 1)))});
  }
  return size * count;
}

/// Where a connection really goes is known here, after names are resolved: whoever owns a name
/// cannot answer with another address between a check and its use.
curl_socket_t OnSocket(void* user, curlsocktype, curl_sockaddr* address) {
  auto* transfer = static_cast<Transfer*>(user);
  if (!transfer->allow_private && !IsPublicAddress(&address->addr)) {
    transfer->refused = true;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

Result<HttpResponse> AnswerOf(const CurlLibrary& curl, CURL* handle, Transfer& transfer,
                              CURLcode code) {
  if (transfer.refused) {
    return Fail(Code::kPermissionDenied,
                "'" + transfer.request.url + "' is not at a public address");
  }
  if (code != CURLE_OK) {
    return Fail(code == CURLE_OPERATION_TIMEDOUT ? Code::kDeadlineExceeded : Code::kUnavailable,
                "'" + transfer.request.url + "': " + curl.easy_strerror(code));
  }
  long status = 0;
  curl.easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  transfer.response.status = static_cast<int>(status);
  transfer.response.content_type = transfer.response.Find("Content-Type");
  return std::move(transfer.response);
}

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
    Transfer* raw = transfer.get();
    const auto set = [&](CURLoption option, auto value) {
      curl->easy_setopt(handle, option, value);
    };
    for (const Header& header : raw->request.headers) {
      raw->headers = curl->slist_append(raw->headers, (header.name + ": " + header.value).c_str());
    }
    // Otherwise curl asks first whether it may send a body, and waits.
    raw->headers = curl->slist_append(raw->headers, "Expect:");
    set(CURLOPT_URL, raw->request.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_PROXY, "");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_HTTPHEADER, raw->headers);
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(raw->request.body.size()));
    set(CURLOPT_POSTFIELDS, raw->request.body.data());
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(options.timeout * 1000));
    set(CURLOPT_WRITEFUNCTION, &OnBody);
    set(CURLOPT_WRITEDATA, raw);
    set(CURLOPT_HEADERFUNCTION, &OnHeader);
    set(CURLOPT_HEADERDATA, raw);
    set(CURLOPT_OPENSOCKETFUNCTION, &OnSocket);
    set(CURLOPT_OPENSOCKETDATA, raw);
    // A kept connection was judged for another request.
    set(CURLOPT_FRESH_CONNECT, 1L);
    set(CURLOPT_FORBID_REUSE, 1L);
    running[handle] = std::move(transfer);
    curl->multi_add_handle(multi, handle);
  }

  void Forget(CURL* handle) {
    const auto found = running.find(handle);
    curl->multi_remove_handle(multi, handle);
    curl->easy_cleanup(handle);
    curl->slist_free_all(found->second->headers);
    running.erase(found);
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
      ended.push_back({transfer.ticket, AnswerOf(*curl, handle, transfer, code)});
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
  auto transfer = std::make_unique<Transfer>();
  transfer->ticket = ticket;
  transfer->request = std::move(request);
  transfer->kept_body = state_->options.kept_body;
  transfer->allow_private = state_->options.allow_private;
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
