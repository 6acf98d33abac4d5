#include "net/curl_exchange.h"

#include <sys/socket.h>

#include <algorithm>

#include "base/text.h"
#include "net/address.h"

namespace quern::net {

CurlExchange::CurlExchange(const CurlLibrary& curl, std::string method, std::string url,
                           const std::vector<Header>& headers, std::string_view body)
    : curl_(curl), method_(std::move(method)), url_(std::move(url)), body_(body) {
  for (const Header& header : headers) {
    headers_ = curl_.slist_append(headers_, (header.name + ": " + header.value).c_str());
  }
  // Otherwise curl asks first whether it may send a body, and waits; and calls any body a form.
  headers_ = curl_.slist_append(headers_, "Expect:");
  if (FindHeader(headers, "Content-Type").empty()) {
    headers_ = curl_.slist_append(headers_, "Content-Type:");
  }
}

void CurlExchange::Prepare(CURL* handle, double timeout, const TlsTrust& trust) {
  const auto set = [&](CURLoption option, auto value) { curl_.easy_setopt(handle, option, value); };
  set(CURLOPT_URL, url_.c_str());
  // What is signed is the path as it was written.
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_PROXY, "");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_HTTPHEADER, headers_);
  if (method_ == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (method_ == "GET" || method_ == "DELETE") {
    set(CURLOPT_HTTPGET, 1L);
    set(CURLOPT_CUSTOMREQUEST, method_.c_str());
  } else {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_CUSTOMREQUEST, method_.c_str());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body_.size()));
    set(CURLOPT_POSTFIELDS, body_.data() == nullptr ? "" : body_.data());
  }
  if (sink == nullptr) {
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(timeout * 1000));
  } else {
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(timeout * 1000));
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, std::max(1L, static_cast<long>(timeout)));
  }
  if (!trust.ca_bundle.empty()) {
    set(CURLOPT_CAINFO, trust.ca_bundle.c_str());
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  if (!trust.verify) {
    set(CURLOPT_SSL_VERIFYPEER, 0L);
    set(CURLOPT_SSL_VERIFYHOST, 0L);
  }
  set(CURLOPT_WRITEFUNCTION, &OnBody);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_HEADERFUNCTION, &OnHeader);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_OPENSOCKETFUNCTION, &OnSocket);
  set(CURLOPT_OPENSOCKETDATA, this);
}

size_t CurlExchange::OnBody(char* bytes, size_t size, size_t count, void* user) {
  auto* exchange = static_cast<CurlExchange*>(user);
  if (exchange->to_sink_) {
    exchange->sunk_ = (*exchange->sink)({bytes, size * count});
    return exchange->sunk_ ? size * count : 0;  // 0 ends the transfer
  }
  std::string& body = exchange->response_.body;
  const size_t room = exchange->max_body - body.size();
  if (size * count > room && exchange->refuse_longer) {
    exchange->too_long_ = true;
    return 0;  // ends the transfer
  }
  body.append(bytes, std::min(size * count, room));
  return size * count;
}

size_t CurlExchange::OnHeader(char* bytes, size_t size, size_t count, void* user) {
  auto* exchange = static_cast<CurlExchange*>(user);
  const std::string_view line(bytes, size * count);
  std::vector<Header>& headers = exchange->response_.headers;
  if (StartsWith(line, "HTTP/")) {
    headers.clear();  // of an interim answer
    const size_t space = line.find(' ');
    exchange->to_sink_ = exchange->sink != nullptr && space != std::string_view::npos &&
                         StartsWith(line.substr(space + 1), "200");
  } else if (const size_t colon = line.find(':'); colon != std::string_view::npos) {
    headers.push_back(
        {std::string(line.substr(0, colon)), std::string(Trim(line.substr(colon + 1)))});
  }
  return size * count;
}

/// Where a connection really goes is known here, after names are resolved: whoever owns a name
/// cannot answer with another address between a check and its use.
curl_socket_t CurlExchange::OnSocket(void* user, curlsocktype, curl_sockaddr* address) {
  auto* exchange = static_cast<CurlExchange*>(user);
  if (!exchange->allow_private && !IsPublicAddress(&address->addr)) {
    exchange->refused_ = true;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

Result<HttpResponse> CurlExchange::Take(CURL* handle, CURLcode code) {
  if (refused_) {
    return Fail(Code::kPermissionDenied, "'" + url_ + "' is not at a public address");
  }
  QUERN_TRY(sunk_);
  if (too_long_) {
    return Fail(Code::kResourceExhausted,
                "'" + url_ + "': the answer is longer than " + FormatBytes(max_body));
  }
  if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
    return Fail(Code::kFailedPrecondition, "'" + url_ + "': " + curl_.easy_strerror(code),
                "its certificate is not one that is trusted here: name the file of the authority "
                "that signed it");
  }
  if (code != CURLE_OK) {
    return Fail(code == CURLE_OPERATION_TIMEDOUT ? Code::kDeadlineExceeded : Code::kUnavailable,
                "'" + url_ + "': " + curl_.easy_strerror(code));
  }
  long status = 0;
  curl_.easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int>(status);
  response_.content_type = response_.Find("Content-Type");
  return std::move(response_);
}

}  // namespace quern::net
