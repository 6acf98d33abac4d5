#include "net/url_client.h"

#include "net/curl_exchange.h"

namespace quern::net {

struct UrlClient::State {
  UrlClientOptions options;
  const CurlLibrary* curl = nullptr;
  CURL* handle = nullptr;
  ~State() {
    if (handle != nullptr) curl->easy_cleanup(handle);
  }
};

UrlClient::UrlClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
UrlClient::~UrlClient() = default;

Result<std::unique_ptr<UrlClient>> UrlClient::Open(const UrlClientOptions& options) {
  auto state = std::make_unique<State>();
  state->options = options;
  QUERN_ASSIGN(state->curl, CurlLibrary::Get());
  state->handle = state->curl->easy_init();
  if (state->handle == nullptr) return Fail(Code::kUnavailable, "libcurl cannot begin its work");
  return std::unique_ptr<UrlClient>(new UrlClient(std::move(state)));
}

Result<HttpResponse> UrlClient::Send(std::string_view method, const std::string& url,
                                     std::string_view body, const std::vector<Header>& headers) {
  CurlExchange exchange(*state_->curl, std::string(method), url, headers, body);
  return Perform(exchange);
}

Result<HttpResponse> UrlClient::Download(const std::string& url, const std::vector<Header>& headers,
                                         const PieceSink& sink) {
  CurlExchange exchange(*state_->curl, "GET", url, headers, {});
  exchange.sink = &sink;
  return Perform(exchange);
}

Result<HttpResponse> UrlClient::Perform(CurlExchange& exchange) {
  // Forgets the last request's options; the connection stays.
  state_->curl->easy_reset(state_->handle);
  exchange.max_body = state_->options.max_body;
  exchange.refuse_longer = true;
  exchange.Prepare(state_->handle, state_->options.timeout, state_->options.trust);
  const CURLcode code = state_->curl->easy_perform(state_->handle);
  return exchange.Take(state_->handle, code);
}

}  // namespace quern::net
