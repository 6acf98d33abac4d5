#include "remote/api.h"

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <cmath>
#include <thread>

#include "base/fs.h"
#include "base/text.h"
#include "base/time.h"
#include "net/encode_url.h"

namespace quern::remote {
namespace {

constexpr double kLongestBackoff = 30;
/// Of a server that may not be there at all.
constexpr int kKnocks = 2;
/// Packages come in one piece.
constexpr uint64_t kLargestAnswer = uint64_t{4} << 30;

bool Transient(int status) {
  constexpr int kBusy[] = {408, 429, 500, 502, 503, 504};
  return std::find(std::begin(kBusy), std::end(kBusy), status) != std::end(kBusy);
}

bool Transient(const Error& error) {
  return error.code == Code::kUnavailable || error.code == Code::kDeadlineExceeded;
}

std::string Encoded(const Query& query) {
  std::string text;
  for (const auto& [key, value] : query) {
    text += (text.empty() ? "?" : "&") + net::EncodeUrl(key) + "=" + net::EncodeUrl(value);
  }
  return text;
}

std::string Call(std::string_view path) { return "/api/2.0/mlflow/" + std::string(path); }

std::string ArtifactTarget(const std::string& path) {
  std::string target = "/api/2.0/mlflow-artifacts/artifacts";
  for (std::string_view part : Split(path, '/')) target += "/" + net::EncodeUrl(part);
  return target;
}

/// MLflow's error_code and message, or the beginning of what else was answered.
std::pair<std::string, std::string> Said(const net::HttpResponse& response) {
  constexpr size_t kShown = 300;
  const auto parsed = ParseJson(response.body);
  if (parsed && parsed->is_object()) {
    const auto text = [&](const char* key) {
      const json::value* value = parsed->get_object().if_contains(key);
      return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
    };
    return {text("error_code"), text("message")};
  }
  return {"", std::string(Trim(std::string_view(response.body).substr(0, kShown)))};
}

}  // namespace

json::array Pairs(const std::map<std::string, std::string>& pairs) {
  json::array out;
  for (const auto& [key, value] : pairs) {
    out.push_back(json::object{{"key", key}, {"value", value}});
  }
  return out;
}

std::optional<std::string> FilterValue(const std::string& text) {
  for (const char* quote : {"'", "\""}) {
    if (text.find(quote) == std::string::npos) return quote + text + quote;
  }
  return std::nullopt;
}

Result<std::unique_ptr<Api>> Api::Open(const net::ServerUrl& url, const Settings& settings,
                                       const CancelToken* cancel) {
  net::PeerOptions options;
  options.client.timeout = settings.timeout;
  options.client.max_body = kLargestAnswer;
  options.trust = settings.trust;
  QUERN_ASSIGN(auto peer, net::Peer::Open(url, options));
  return std::unique_ptr<Api>(new Api(url.Text(), settings, cancel, std::move(peer)));
}

std::unexpected<Error> Api::Unreachable(const Error& error) const {
  if (error.code == Code::kCancelled) return std::unexpected(error);
  std::string hint = "is it running? `quern server` starts one";
  if (error.code == Code::kFailedPrecondition) {
    hint = "MLFLOW_TRACKING_SERVER_CERT_PATH names a file of certificates to trust";
  }
  return Fail(error.code, "cannot reach the tracking server " + url_ + ": " + error.message,
              std::move(hint));
}

std::unexpected<Error> Api::Refused(std::string_view method, std::string_view target,
                                    const net::HttpResponse& response) const {
  const auto [code, message] = Said(response);
  std::string text = "the tracking server " + url_ + " answered " +
                     std::to_string(response.status) + " to " + std::string(method) + " " +
                     std::string(target.substr(0, target.find('?')));
  if (!message.empty()) text += ": " + message;
  switch (response.status) {
    case 401:
    case 403:
      return Fail(Code::kPermissionDenied, std::move(text),
                  "credentials are taken from MLFLOW_TRACKING_USERNAME and "
                  "MLFLOW_TRACKING_PASSWORD, or from MLFLOW_TRACKING_TOKEN");
    case 404:
      if (code.empty()) {
        return Fail(Code::kFailedPrecondition, std::move(text),
                    "is this the URL of an MLflow tracking server, without /api?");
      }
      return Fail(Code::kNotFound, std::move(text));
    default:
      break;
  }
  if (code == "RESOURCE_ALREADY_EXISTS") return Fail(Code::kAlreadyExists, std::move(text));
  if (Transient(response.status)) {
    return Fail(Code::kUnavailable, std::move(text), "try again when the server is well");
  }
  return Fail(Code::kFailedPrecondition, std::move(text));
}

Status Api::Pause(int attempt, double asked) {
  const double backoff = settings_.backoff * std::pow(2.0, attempt - 1);
  const double until =
      MonotonicSeconds() + std::max(std::min(backoff, kLongestBackoff), std::min(asked, 60.0));
  while (MonotonicSeconds() < until) {
    if (cancel_ != nullptr) QUERN_TRY(cancel_->Check());
    const double left = until - MonotonicSeconds();
    std::this_thread::sleep_for(std::chrono::duration<double>(std::clamp(left, 0.0, 0.05)));
  }
  return {};
}

std::vector<net::Header> Api::Headers() const {
  std::vector<net::Header> headers{{"User-Agent", std::string("quern/") + QUERN_VERSION}};
  if (!settings_.authorization.empty()) {
    headers.push_back({"Authorization", settings_.authorization});
  }
  return headers;
}

Result<net::HttpResponse> Api::SendAny(const Request& request, int retries) {
  std::vector<net::Header> headers = Headers();
  if (!request.body.empty()) headers.push_back({"Content-Type", request.content_type});
  for (int attempt = 1;; ++attempt) {
    Result<net::HttpResponse> answer;
    {
      const MutexLock lock(mutex_);
      answer = peer_->Send(request.method, request.target, request.body, headers);
    }
    const bool transient = answer ? Transient(answer->status) : Transient(answer.error());
    if (!transient || attempt > retries) {
      if (!answer) return Unreachable(answer.error());
      return answer;
    }
    double asked = 0;
    if (answer) asked = ParseDouble(answer->Find("Retry-After")).value_or(0);
    QUERN_TRY(Pause(attempt, asked));
  }
}

Result<net::HttpResponse> Api::Send(const Request& request, int retries) {
  QUERN_ASSIGN(net::HttpResponse answer, SendAny(request, retries));
  if (answer.status < 200 || answer.status > 299) {
    return Refused(request.method, request.target, answer);
  }
  return answer;
}

Result<net::HttpResponse> Api::Ask(std::string_view method, std::string_view target,
                                   std::string_view body) {
  return SendAny({std::string(method), std::string(target), body}, settings_.retries);
}

Result<net::HttpResponse> Api::Stream(std::string_view target, const net::PieceSink& sink) {
  Status sunk;
  const auto keep = [&](std::string_view bytes) {
    sunk = sink(bytes);
    return sunk;
  };
  const MutexLock lock(mutex_);
  auto answer = peer_->Download(target, Headers(), keep);
  QUERN_TRY(sunk);  // the caller's own words, not the connection's
  if (!answer) return Unreachable(answer.error());
  return answer;
}

Result<json::value> Api::SendJson(const Request& request, int retries) {
  QUERN_ASSIGN(const net::HttpResponse response, Send(request, retries));
  JsonOptions options;
  options.allow_nan = true;
  auto value = ParseJson(response.body, options);
  if (value && value->is_object()) return value;
  return Fail(Code::kFailedPrecondition,
              "the tracking server " + url_ + " answered " + request.method + " " +
                  request.target.substr(0, request.target.find('?')) +
                  " with something that is no "
                  "JSON object",
              "is this the URL of an MLflow tracking server, without /api?");
}

Result<json::value> Api::Get(std::string_view path, const Query& query) {
  return SendJson({"GET", Call(path) + Encoded(query)}, settings_.retries);
}

Result<json::value> Api::Knock(std::string_view path, const Query& query) {
  return SendJson({"GET", Call(path) + Encoded(query)}, std::min(kKnocks, settings_.retries));
}

Result<json::value> Api::Post(std::string_view path, const json::object& body) {
  const std::string text = WriteJson(body);
  return SendJson({"POST", Call(path), text}, settings_.retries);
}

Result<json::value> Api::PostOnce(std::string_view path, const json::object& body) {
  const std::string text = WriteJson(body);
  return SendJson({"POST", Call(path), text}, 0);
}

Result<json::value> Api::Delete(std::string_view path, const json::object& body) {
  const std::string text = WriteJson(body);
  return SendJson({"DELETE", Call(path), text}, settings_.retries);
}

Result<json::value> Api::MakeOnce(const std::function<Result<json::value>()>& make,
                                  const std::function<Result<std::optional<json::value>>()>& find) {
  for (int attempt = 1;; ++attempt) {
    auto made = make();
    if (made || !Transient(made.error()) || attempt > settings_.retries) return made;
    QUERN_TRY(Pause(attempt));
    QUERN_ASSIGN(auto found, find());
    if (found) return std::move(*found);
  }
}

Status Api::Upload(const std::string& path, std::string_view bytes) {
  QUERN_TRY(
      Send({"PUT", ArtifactTarget(path), bytes, "application/octet-stream"}, settings_.retries));
  return {};
}

Result<std::string> Api::Download(const std::string& path) {
  QUERN_ASSIGN(net::HttpResponse response, Send({"GET", ArtifactTarget(path)}, settings_.retries));
  return std::move(response.body);
}

Result<std::vector<Api::Entry>> Api::ListArtifacts(const std::string& folder) {
  QUERN_ASSIGN(const json::value answer, SendJson({"GET", "/api/2.0/mlflow-artifacts/artifacts" +
                                                              Encoded({{"path", folder}})},
                                                  settings_.retries));
  std::vector<Entry> entries;
  const json::value* files = answer.get_object().if_contains("files");
  if (files == nullptr || !files->is_array()) return entries;
  for (const json::value& file : files->get_array()) {
    const json::object* object = file.if_object();
    const json::value* path = object == nullptr ? nullptr : object->if_contains("path");
    if (path == nullptr || !path->is_string()) continue;
    const json::value* is_dir = object->if_contains("is_dir");
    entries.push_back({BaseName(std::string(path->get_string())),
                       is_dir != nullptr && is_dir->is_bool() && is_dir->get_bool()});
  }
  return entries;
}

}  // namespace quern::remote
