#include "server/page/page_routes.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "base/text.h"
#include "net/compression.h"
#include "server/http/file_response.h"
#include "server/http/respond.h"
#include "server/http/route_list.h"
#include "server/page/page_assets.h"
#include "serving/json_text.h"

namespace quern::server::page {
namespace {

using serving::AppendJsonText;

/// Only the page's own files run and are shown; frames hold what `/artifact-view` sends, which has
/// a policy of its own. Attributes with styles come from the charts, whose values are numbers.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; frame-src 'self'; "
    "base-uri 'none'; form-action 'none'";

/// "gzip;q=0.5" as its name and its weight in thousandths.
struct Weighted {
  std::string name;
  int weight = 1000;
};

int ReadWeight(std::string_view text) {
  double weight = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), weight);
  if (error != std::errc() || !(weight >= 0)) return 0;
  return static_cast<int>(std::min(weight, 1.0) * 1000);
}

std::vector<Weighted> ReadWeighted(std::string_view header) {
  std::vector<Weighted> items;
  for (std::string_view item : Split(header, ',')) {
    const auto parts = Split(item, ';');
    Weighted weighted{ToLower(Trim(parts[0]))};
    for (size_t i = 1; i < parts.size(); ++i) {
      const std::string_view part = Trim(parts[i]);
      if (part.starts_with("q=") || part.starts_with("Q=")) {
        weighted.weight = ReadWeight(part.substr(2));
      }
    }
    if (!weighted.name.empty()) items.push_back(std::move(weighted));
  }
  return items;
}

/// What a header gives `name`: by itself, else by `*`; -1 if by neither.
int WeightOf(const std::vector<Weighted>& items, std::string_view name) {
  int rest = -1;
  for (const Weighted& item : items) {
    if (item.name == name) return item.weight;
    if (item.name == "*") rest = item.weight;
  }
  return rest;
}

/// The content in the form that was asked for. Forms have tags of their own, as RFC 9110 wants.
net::HttpResponse Send(const net::HttpRequest& request, const Asset& asset) {
  net::HttpResponse response;
  response.content_type = asset.content_type;
  const Encoding encoding = ChooseEncoding(request.Find("Accept-Encoding"));
  std::string tag = "\"" + std::string(asset.etag);
  response.headers.push_back({"Vary", "Accept-Encoding"});
  if (encoding != Encoding::kIdentity) {
    const bool brotli = encoding == Encoding::kBrotli;
    response.headers.push_back({"Content-Encoding", brotli ? "br" : "gzip"});
    tag += brotli ? "-br" : "-gz";
  }
  tag += "\"";
  response.headers.push_back({"ETag", tag});
  if (AnyMatches(request.Find("If-None-Match"), tag)) {
    response.status = 304;
    response.content_type.clear();
    return response;
  }
  if (encoding == Encoding::kBrotli) {
    response.body = asset.brotli;
  } else if (encoding == Encoding::kGzip) {
    response.body = asset.gzip;
  } else {
    auto plain = net::Decompress(asset.gzip, "gzip", asset.size);
    if (!plain) return ErrorResponse(plain.error());
    response.body = std::move(*plain);
  }
  return response;
}

/// The page may change with the next start of the server, so it is asked for each time.
net::HttpResponse SendPage(const Call& call) {
  net::HttpResponse response = Send(call.request, Assets().front());
  response.headers.push_back({"Cache-Control", "no-cache"});
  response.headers.push_back({"Content-Security-Policy", std::string(kPolicy)});
  response.headers.push_back({"Referrer-Policy", "same-origin"});
  for (net::Header& header : response.headers) {
    if (header.name == "Vary") header.value += ", Accept";
  }
  return response;
}

net::HttpResponse SendFile(const Call& call) {
  const std::string path = "/assets/" + std::string(call.Param("name"));
  for (const Asset& asset : Assets()) {
    if (asset.path != path) continue;
    net::HttpResponse response = Send(call.request, asset);
    response.headers.push_back({"Cache-Control", "public, max-age=31536000, immutable"});
    return response;
  }
  net::HttpResponse missing = net::RenderJsonError(
      404, "no such file of the page: it may be of an older build; load the page again");
  missing.headers.push_back({"Cache-Control", "no-store"});
  return missing;
}

net::HttpResponse SendBuild(const Call&) {
  std::string out = "{\"build\":";
  AppendJsonText(&out, BuildId());
  out += ",\"version\":";
  AppendJsonText(&out, QUERN_VERSION);
  net::HttpResponse response = JsonResponse(out + "}");
  response.headers.push_back({"Cache-Control", "no-store"});
  return response;
}

net::HttpResponse PageOrNothing(const Call& call) {
  if (WantsPage(call.request)) return SendPage(call);
  net::HttpResponse response = net::RenderJsonError(
      404, "a page for browsers is here; GET / lists the calls that programs can make");
  response.headers.push_back({"Vary", "Accept"});
  return response;
}

}  // namespace

Encoding ChooseEncoding(std::string_view accept_encoding) {
  const std::vector<Weighted> items = ReadWeighted(accept_encoding);
  Encoding best = Encoding::kIdentity;
  // Nobody who names compressions prefers none, unless it says so.
  int most = 0;
  for (const Weighted& item : items) {
    if (item.name == "identity") most = std::min(item.weight, items.size() > 1 ? 999 : 1000);
  }
  for (const auto& [name, encoding] :
       {std::pair<std::string_view, Encoding>{"br", Encoding::kBrotli},
        {"gzip", Encoding::kGzip}}) {
    const int weight = WeightOf(items, name);
    if (weight > most) {
      most = weight;
      best = encoding;
    }
  }
  return best;
}

bool WantsPage(const net::HttpRequest& request) {
  for (const Weighted& item : ReadWeighted(request.Find("Accept"))) {
    if ((item.name == "text/html" || item.name == "application/xhtml+xml") && item.weight > 0) {
      return true;
    }
  }
  return false;
}

void AddPageRoutes(Router* router) {
  router->Add({"GET", "/assets/{name}", "files of the web page", SendFile});
  router->Add({"GET", "/page.json", "which build of the web page this server has", SendBuild});
  router->Add({"GET", "/", "the web page; for programs this list", [router](const Call& call) {
                 if (WantsPage(call.request)) return SendPage(call);
                 net::HttpResponse response = RouteList(router->routes());
                 response.headers.push_back({"Vary", "Accept"});
                 return response;
               }});
  for (const std::string_view path : PagePaths()) {
    if (path == "/") continue;
    router->Add({"GET", std::string(path), "the web page", PageOrNothing});
    router->Add({"GET", std::string(path) + "/{rest...}", "the web page", PageOrNothing});
  }
}

}  // namespace quern::server::page
