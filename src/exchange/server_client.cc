#include "exchange/server_client.h"

#include <algorithm>
#include <cmath>

#include "base/base64.h"
#include "base/json.h"
#include "base/json_fields.h"
#include "exchange/mlflow_words.h"
#include "net/encode_url.h"
#include "net/strict.h"

namespace quern::exchange {
namespace {

/// Whoever imports waits for it: a server that is away is told soon.
constexpr int kRetries = 2;

struct Address {
  net::ServerUrl url;
  std::string credentials;  // "user:password"
};

/// MLflow's clients take a name and a password in the URL.
Result<Address> Parse(const std::string& text) {
  Address address;
  std::string plain = text;
  if (const size_t mark = text.find("://"); mark != std::string::npos) {
    const size_t begin = mark + 3;
    const std::string authority = text.substr(begin, text.find_first_of("/?#", begin) - begin);
    if (const size_t at = authority.rfind('@'); at != std::string::npos) {
      address.credentials = net::DecodeUrl(authority.substr(0, at)).value_or("");
      plain.erase(begin, at + 1);
    }
  }
  QUERN_ASSIGN(address.url, net::ParseServerUrl(plain));
  return address;
}

std::string Target(const std::string& path, const Fields& query) {
  std::string target = path;
  char separator = '?';
  for (const auto& [key, value] : query) {
    target += separator + net::EncodeUrl(key) + "=" + net::EncodeUrl(value);
    separator = '&';
  }
  return target;
}

}  // namespace

Result<std::unique_ptr<ServerClient>> ServerClient::Open(
    const std::string& url, const std::function<const char*(const char*)>& environment) {
  QUERN_ASSIGN(const Address address, Parse(url));
  remote::Settings settings;
  if (environment) {
    QUERN_ASSIGN(settings, remote::ReadSettings(environment));
  }
  if (!address.credentials.empty()) {
    settings.authorization = "Basic " + ToBase64(address.credentials);
  }
  settings.retries = std::min(settings.retries, kRetries);
  QUERN_ASSIGN(auto api, remote::Api::Open(address.url, settings, nullptr));
  return std::unique_ptr<ServerClient>(new ServerClient(std::move(api)));
}

Error ServerClient::ErrorOf(const net::HttpResponse& response, const std::string& target) const {
  const std::string call = target.substr(0, target.find('?'));
  std::string message = api_->url() + call + " answered " + std::to_string(response.status);
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
  QUERN_ASSIGN(const net::HttpResponse response, api_->Ask(method, target, body));
  if (response.status != 200) return std::unexpected(ErrorOf(response, target));
  auto parsed = ParseJson(response.body, {.name = api_->url() + target, .allow_nan = true});
  if (parsed && parsed->is_object()) return parsed;
  return Fail(Code::kDataLoss,
              api_->url() + target.substr(0, target.find('?')) + " did not answer JSON",
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
                              const net::PieceSink& sink) {
  const std::string target = Target(path, query);
  QUERN_ASSIGN(const net::HttpResponse response, api_->Stream(target, sink));
  return response.status == 200 ? Status() : std::unexpected(ErrorOf(response, target));
}

double MetricAt(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return std::nan("");
  if (value->is_string()) return ParseMetricValue(value->get_string()).value_or(std::nan(""));
  return value->is_number() ? value->to_number<double>() : std::nan("");
}

}  // namespace quern::exchange
