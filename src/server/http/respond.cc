#include "server/http/respond.h"

#include <boost/json.hpp>

#include "base/log.h"
#include "base/text.h"
#include "server/http/repeated_log.h"

namespace quern::server {

net::HttpResponse JsonResponse(std::string body, int status) {
  net::HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

namespace {

/// What clients learn of a fault, or of trouble with a file or database of the server's own:
/// neither where that is nor what the engine said.
std::string OwnTrouble(Code code) {
  switch (code) {
    case Code::kUnavailable:
      return "the server's database does not answer; whether a change of this moment was kept is "
             "not known (try again shortly)";
    case Code::kAborted:
      return "another process holds the server's database; nothing was changed (try again shortly)";
    case Code::kResourceExhausted:
      return "the disk of the server's database is full; nothing was changed (try again when it "
             "has space)";
    case Code::kDeadlineExceeded:
      return "the server's database took too long (ask for less at once)";
    case Code::kPermissionDenied:
      return "the server may not use its database, or not write it; nothing was changed (tell who "
             "runs the server)";
    case Code::kInvalidArgument:
      return "the server's database does not take such a value: it is too long, or has characters "
             "that it does not keep";
    default:
      return "the server failed on this request";
  }
}

}  // namespace

Code PublicCode(const Error& error) {
  const bool own = !error.where.file.empty();
  return own && error.code == Code::kPermissionDenied ? Code::kUnavailable : error.code;
}

std::string PublicMessage(const Error& error) {
  const bool bug = error.code == Code::kInternal || error.code == Code::kUnknown ||
                   error.code == Code::kDataLoss;
  if (bug || !error.where.file.empty()) {
    static RepeatedLog log;
    if (const auto line = log.Line("a request failed: " + error.ToString())) {
      Log(LogLevel::kError, *line);
    }
    return OwnTrouble(error.code);
  }
  if (error.hint.empty()) return error.message;
  return error.message + " (" + error.hint + ")";
}

net::HttpResponse ErrorResponse(const Error& error) {
  net::HttpResponse response =
      net::RenderJsonError(HttpStatus(PublicCode(error)), PublicMessage(error));
  if (response.status == 503 || response.status == 429) {
    response.headers.push_back({"Retry-After", "1"});
  }
  return response;
}

MediaType ParseMediaType(std::string_view content_type) {
  MediaType media;
  auto parts = Split(content_type, ';');
  media.type = ToLower(Trim(parts.empty() ? std::string_view() : parts[0]));
  media.charset = "utf-8";
  for (size_t i = 1; i < parts.size(); ++i) {
    std::string_view part = Trim(parts[i]);
    if (part.empty()) continue;
    size_t equals = part.find('=');
    std::string name = ToLower(Trim(part.substr(0, equals)));
    std::string_view value = equals == std::string_view::npos ? "" : Trim(part.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    if (name == "charset") {
      media.charset = ToLower(value);
    } else if (name == "header") {
      media.header = ToLower(value);
    } else {
      media.other += (media.other.empty() ? "" : ", ") + name;
    }
  }
  return media;
}

std::optional<std::string> NotJson(const net::HttpRequest& request) {
  std::string_view header = request.Find("Content-Type");
  MediaType media = ParseMediaType(header);
  bool json = media.type.empty() || media.type == "application/json";
  if (json && media.charset == "utf-8") return std::nullopt;
  return "Content-Type '" + Printable(header) +
         "' is not supported: send application/json in UTF-8";
}

Result<json::value> ParseBody(std::string_view body) {
  JsonOptions options;
  options.allow_nan = true;
  auto parsed = ParseJson(body, options);
  if (parsed) return parsed;
  const Error& error = parsed.error();
  std::string text = "the request body is not valid JSON: " + error.message;
  if (error.where.line > 0) {
    text += " (line " + std::to_string(error.where.line) + ", column " +
            std::to_string(error.where.column) + ")";
  }
  return Fail(Code::kInvalidArgument, std::move(text), error.hint);
}

std::string BaseUrl(const net::HttpRequest& request) {
  const bool tls = request.Find("X-Forwarded-Proto") == "https";
  return (tls ? "https://" : "http://") + std::string(request.Find("Host"));
}

std::string Printable(std::string_view text) {
  std::string out(text.substr(0, 200));
  for (char& c : out) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return out;
}

}  // namespace quern::server
