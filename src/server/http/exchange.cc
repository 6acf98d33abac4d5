#include "server/http/exchange.h"

#include <vector>

#include "base/text.h"
#include "base/time.h"
#include "net/compression.h"
#include "server/http/respond.h"
#include "serving/json_text.h"

namespace quern::server {
namespace {

/// A smaller answer fits in one packet as it is.
constexpr size_t kWorthCompressing = 1400;

/// The better of gzip and deflate that an Accept-Encoding names with a weight above 0; "" if none.
std::string_view ChooseEncoding(std::string_view header) {
  std::string_view chosen;
  for (std::string_view part : Split(header, ',')) {
    const size_t semicolon = part.find(';');
    const std::string name = ToLower(Trim(part.substr(0, semicolon)));
    const std::string_view rest = semicolon == std::string_view::npos ? "" : part.substr(semicolon);
    const size_t q = rest.find("q=");
    if (q != std::string_view::npos && ParseDouble(rest.substr(q + 2)).value_or(0) <= 0) continue;
    if (name == "gzip" || name == "*") return "gzip";
    if (name == "deflate") chosen = "deflate";
  }
  return chosen;
}

std::vector<net::Header> HeadersOf(std::string_view lines) {
  std::vector<net::Header> headers;
  while (!lines.empty()) {
    const size_t end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, end);
    const size_t colon = line.find(':');
    if (colon != std::string_view::npos) {
      headers.push_back(
          {std::string(line.substr(0, colon)), std::string(Trim(line.substr(colon + 1)))});
    }
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 2);
  }
  return headers;
}

}  // namespace

Arena& RequestArena() {
  thread_local Arena arena(size_t{64} << 10);
  arena.Reset();
  return arena;
}

net::HttpResponse AnswerExchange(const net::HttpRequest& request,
                                 const std::function<void(const Exchange&)>& answer) {
  std::vector<net::HeaderView> headers;
  for (const net::Header& header : request.headers) headers.push_back({header.name, header.value});
  net::RequestView view;
  view.method = request.method;
  view.path = request.path;
  view.query = request.query;
  view.headers = headers;
  view.body = request.body;
  net::ResponseWriter out;
  answer({view, out, RequestArena()});
  net::HttpResponse response;
  response.status = out.status();
  response.content_type = out.content_type();
  response.headers = HeadersOf(out.header_lines());
  response.body = std::move(out.body());
  return response;
}

void StartError(const Error& error, net::ResponseWriter& out) {
  out.body().clear();
  out.SetStatus(HttpStatus(PublicCode(error)));
  out.SetContentType("application/json");
  if (out.status() == 503 || out.status() == 429) out.AddHeader("Retry-After", "1");
}

void WriteError(const Error& error, net::ResponseWriter& out) {
  StartError(error, out);
  out.body() += "{\"error\":";
  serving::AppendJsonText(&out.body(), PublicMessage(error));
  out.body() += '}';
}

void CompressAnswer(const Exchange& exchange) {
  std::string& body = exchange.out.body();
  if (body.size() < kWorthCompressing) return;
  const std::string_view accepted = exchange.request.Find("Accept-Encoding");
  if (accepted.empty()) return;
  const std::string_view encoding = ChooseEncoding(accepted);
  if (encoding.empty()) return;
  body = net::Compress(body, encoding);
  exchange.out.AddHeader("Content-Encoding", encoding);
  exchange.out.AddHeader("Vary", "Accept-Encoding");
}

Result<double> ReadDeadline(const net::RequestView& request) {
  const std::string_view header = request.Find(kTimeoutHeader);
  if (header.empty()) return 0;
  const auto ms = ParseInt(header);
  if (!ms || *ms < 0) {
    return Fail(Code::kInvalidArgument, "header " + std::string(kTimeoutHeader) + " is '" +
                                            Printable(header) +
                                            "', not a whole number of milliseconds");
  }
  return MonotonicSeconds() + static_cast<double>(*ms) / 1000;
}

bool IsJson(std::string_view content_type) {
  if (content_type.empty() || content_type == "application/json") return true;
  const MediaType media = ParseMediaType(content_type);
  return media.type == "application/json" && media.charset == "utf-8";
}

}  // namespace quern::server
