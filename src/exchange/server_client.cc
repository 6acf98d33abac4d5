#include "exchange/server_client.h"

#include <chrono>
#include <cmath>
#include <thread>

#include "base/base64.h"
#include "base/json.h"
#include "base/json_fields.h"
#include "base/text.h"
#include "exchange/mlflow_words.h"
#include "net/strict.h"
#include "registry/source.h"

namespace quern::exchange {
namespace {

constexpr int kAttempts = 3;
/// Searching a large store of MLflow's takes long.
constexpr double kTimeout = 120;
constexpr uint64_t kMaxAnswer = 1u << 30;

struct Address {
  std::string host;
  uint16_t port = 0;
  std::string prefix;
  std::string credentials;  // "user:password"
};

std::unexpected<Error> BadUrl(const std::string& url, const std::string& why) {
  return Fail(Code::kInvalidArgument, "'" + url + "' " + why,
              "give the address of a server as http://HOST:PORT");
}

Result<Address> Parse(const std::string& url) {
  const registry::SourceUri uri = registry::ParseSource(url);
  if (uri.scheme == "https") {
    return BadUrl(url,
                  "asks for TLS, which is not spoken here: give the server's own port, or a "
                  "tunnel to it");
  }
  Address address;
  std::string authority = uri.authority;
  if (const size_t at = authority.rfind('@'); at != std::string::npos) {
    address.credentials = net::DecodeUrl(authority.substr(0, at)).value_or("");
    authority = authority.substr(at + 1);
  }
  address.port = 80;
  const size_t colon = authority.rfind(':');
  if (colon != std::string::npos && authority.find(']', colon) == std::string::npos) {
    const auto port = ParseInt(authority.substr(colon + 1));
    if (!port || *port < 1 || *port > 65535) return BadUrl(url, "has no port between 1 and 65535");
    address.port = static_cast<uint16_t>(*port);
    authority = authority.substr(0, colon);
  }
  if (authority.starts_with('[') && authority.ends_with(']')) {
    authority = authority.substr(1, authority.size() - 2);
  }
  if (uri.scheme != "http" || authority.empty()) return BadUrl(url, "is no address of a server");
  address.host = authority;
  address.prefix = uri.path;
  while (address.prefix.ends_with('/')) address.prefix.pop_back();
  return address;
}

std::string Variable(const std::function<const char*(const char*)>& environment, const char* name) {
  const char* value = environment ? environment(name) : nullptr;
  return value == nullptr ? std::string() : value;
}

/// Whether it may go better in a moment.
bool IsPassing(const Result<net::HttpResponse>& answer) {
  if (!answer) return answer.error().code == Code::kUnavailable;
  return answer->status == 429 || answer->status == 502 || answer->status == 503;
}

}  // namespace

ServerClient::ServerClient(std::string url, std::string host, uint16_t port, std::string prefix)
    : url_(std::move(url)),
      prefix_(std::move(prefix)),
      http_(std::move(host), port, {.timeout = kTimeout, .max_body = kMaxAnswer}) {}

Result<std::unique_ptr<ServerClient>> ServerClient::Open(
    const std::string& url, const std::function<const char*(const char*)>& environment) {
  QUERN_ASSIGN(Address address, Parse(url));
  const std::string shown = "http://" + address.host + ":" + std::to_string(address.port);
  std::unique_ptr<ServerClient> client(
      new ServerClient(shown, address.host, address.port, address.prefix));
  const std::string user = Variable(environment, "MLFLOW_TRACKING_USERNAME");
  const std::string token = Variable(environment, "MLFLOW_TRACKING_TOKEN");
  if (address.credentials.empty() && !user.empty()) {
    address.credentials = user + ":" + Variable(environment, "MLFLOW_TRACKING_PASSWORD");
  }
  if (!address.credentials.empty()) {
    client->headers_.push_back({"Authorization", "Basic " + ToBase64(address.credentials)});
  } else if (!token.empty()) {
    client->headers_.push_back({"Authorization", "Bearer " + token});
  }
  return client;
}

std::string ServerClient::Target(const std::string& path, const Fields& query) const {
  std::string target = prefix_ + path;
  char separator = '?';
  for (const auto& [key, value] : query) {
    target += separator + net::EncodeUrl(key) + "=" + net::EncodeUrl(value);
    separator = '&';
  }
  return target;
}

Result<net::HttpResponse> ServerClient::Send(const std::string& method, const std::string& target,
                                             const std::string& body) {
  std::vector<net::Header> headers = headers_;
  if (method == "POST") headers.push_back({"Content-Type", "application/json"});
  for (int attempt = 1;; ++attempt) {
    auto answer = http_.Send(method, target, body, headers);
    if (attempt == kAttempts && !answer) {
      Error error = answer.error();
      error.hint = "is an MLflow server running at " + url_ + "?";
      return std::unexpected(std::move(error));
    }
    if (attempt == kAttempts || !IsPassing(answer)) return answer;
    std::this_thread::sleep_for(std::chrono::milliseconds(250 * attempt));
  }
}

Error ServerClient::ErrorOf(const net::HttpResponse& response, const std::string& target) const {
  const std::string call = target.substr(0, target.find('?'));
  std::string message = url_ + call + " answered " + std::to_string(response.status);
  std::string word;
  if (const auto parsed = ParseJson(response.body); parsed && parsed->is_object()) {
    word = TextAt(parsed->get_object(), "error_code");
    message += ": " + TextAt(parsed->get_object(), "message");
  }
  if (response.status == 401 || response.status == 403) {
    return {Code::kPermissionDenied,
            message,
            "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN",
            {},
            {}};
  }
  const bool unknown = word == "ENDPOINT_NOT_FOUND" || response.status == 405 ||
                       (response.status == 404 && word.empty());
  const Code code = unknown                  ? Code::kUnimplemented
                    : response.status == 404 ? Code::kNotFound
                    : response.status < 500  ? Code::kInvalidArgument
                                             : Code::kUnavailable;
  return {code, message, {}, {}, {}};
}

Result<json::value> ServerClient::Call(const std::string& method, const std::string& target,
                                       const std::string& body) {
  QUERN_ASSIGN(const net::HttpResponse response, Send(method, target, body));
  if (response.status != 200) return std::unexpected(ErrorOf(response, target));
  auto parsed = ParseJson(response.body, {.name = url_ + target, .allow_nan = true});
  if (parsed && parsed->is_object()) return parsed;
  return Fail(Code::kDataLoss, url_ + target.substr(0, target.find('?')) + " did not answer JSON",
              "is this the address of an MLflow server?");
}

Result<json::value> ServerClient::Get(const std::string& path, const Fields& query) {
  return Call("GET", Target(path, query), "");
}

Result<json::value> ServerClient::Post(const std::string& path, const json::object& body) {
  return Call("POST", Target(path, {}), WriteJson(body));
}

Status ServerClient::EachPage(
    const std::function<Result<json::value>(const std::string& token)>& page, const char* items,
    const VisitItem& visit) {
  std::string token;
  do {
    QUERN_ASSIGN(const json::value answer, page(token));
    const auto& list = ArrayAt(answer.get_object(), items);
    for (const json::value& item : list) {
      if (item.is_object()) QUERN_TRY(visit(item.get_object()));
    }
    const std::string next = TextAt(answer.get_object(), "next_page_token");
    // Servers of before paging, and some old ones, send the same token for ever.
    if (next == token || list.empty()) break;
    token = next;
  } while (!token.empty());
  return {};
}

Status ServerClient::EachOfGet(const std::string& path, Fields query, const char* items,
                               const VisitItem& visit) {
  return EachPage(
      [&](const std::string& token) {
        Fields asked = query;
        if (!token.empty()) asked.emplace_back("page_token", token);
        return Get(path, asked);
      },
      items, visit);
}

Status ServerClient::EachOfPost(const std::string& path, json::object body, const char* items,
                                const VisitItem& visit) {
  return EachPage(
      [&](const std::string& token) {
        if (!token.empty()) body["page_token"] = token;
        return Post(path, body);
      },
      items, visit);
}

Status ServerClient::Download(const std::string& path, const Fields& query,
                              const std::function<Status(std::string_view bytes)>& sink) {
  const std::string target = Target(path, query);
  QUERN_ASSIGN(const net::HttpResponse response, http_.Download(target, headers_, sink));
  if (response.status == 200) return {};
  return std::unexpected(ErrorOf(response, target));
}

double NumberAt(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return std::nan("");
  if (value->is_string()) return ParseMetricValue(value->get_string()).value_or(std::nan(""));
  return value->is_number() ? value->to_number<double>() : std::nan("");
}

}  // namespace quern::exchange
