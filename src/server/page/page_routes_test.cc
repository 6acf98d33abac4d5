#include "server/page/page_routes.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "base/text.h"
#include "net/compression.h"
#include "server/page/artifact_view.h"
#include "server/page/page_assets.h"

namespace quern::server::page {
namespace {

net::HttpRequest Get(std::string path, std::vector<net::Header> headers = {}) {
  net::HttpRequest request;
  request.path = std::move(path);
  for (std::string_view part : Split(std::string_view(request.path).substr(1), '/')) {
    request.segments.emplace_back(part);
  }
  if (request.path == "/") request.segments.clear();
  request.headers = std::move(headers);
  return request;
}

struct Pages {
  Pages() {
    router.Add({"GET", "/health", "is there", [](const Call&) {
                  net::HttpResponse response;
                  response.body = "OK";
                  return response;
                }});
    AddPageRoutes(&router);
  }
  net::HttpResponse Ask(std::string path, std::vector<net::Header> headers = {}) const {
    return router.Dispatch(Get(std::move(path), std::move(headers)));
  }
  Router router;
};

const net::Header kBrowser{"Accept", "text/html,application/xhtml+xml,*/*;q=0.8"};

TEST_CASE("the encoding is the best that the header allows") {
  CHECK(ChooseEncoding("") == Encoding::kIdentity);
  CHECK(ChooseEncoding("gzip, deflate, br, zstd") == Encoding::kBrotli);
  CHECK(ChooseEncoding("gzip, deflate") == Encoding::kGzip);
  CHECK(ChooseEncoding("*") == Encoding::kBrotli);
  CHECK(ChooseEncoding("br;q=0, gzip") == Encoding::kGzip);
  CHECK(ChooseEncoding("br;q=0.2, gzip;q=0.8") == Encoding::kGzip);
  CHECK(ChooseEncoding("br;q=0, *;q=0") == Encoding::kIdentity);
  CHECK(ChooseEncoding("identity") == Encoding::kIdentity);
  CHECK(ChooseEncoding("identity;q=1, gzip;q=0.5") == Encoding::kIdentity);
  CHECK(ChooseEncoding("GZIP;Q=1.0") == Encoding::kGzip);
  CHECK(ChooseEncoding("gzip;q=x, ,;;") == Encoding::kIdentity);
}

TEST_CASE("browsers see the page, programs the list of calls") {
  const Pages pages;
  const auto page = pages.Ask("/", {kBrowser});
  CHECK(page.content_type == "text/html; charset=utf-8");
  CHECK(page.body.find("<div id=\"root\">") != std::string::npos);
  CHECK(page.Find("Cache-Control") == "no-cache");
  CHECK(page.Find("Vary") == "Accept-Encoding, Accept");
  const std::string policy(page.Find("Content-Security-Policy"));
  CHECK(policy.find("script-src 'self';") != std::string::npos);
  CHECK(policy.find("default-src 'none'") != std::string::npos);
  for (const char* accept : {"", "*/*", "application/json", "text/html;q=0"}) {
    CAPTURE(accept);
    const auto list = pages.Ask("/", {{"Accept", accept}});
    CHECK(list.content_type == "application/json");
    CHECK(list.body.find(R"({"method":"GET","path":"/health","does":"is there"})") !=
          std::string::npos);
  }
}

TEST_CASE("an address of the page is the page for browsers alone") {
  const Pages pages;
  const std::string body = pages.Ask("/", {kBrowser}).body;
  REQUIRE_FALSE(PagePaths().empty());
  for (const std::string_view path : PagePaths()) {
    if (path == "/") continue;
    for (const char* below : {"", "/1", "/1/runs/a"}) {
      const std::string address = std::string(path) + below;
      CAPTURE(address);
      CHECK(pages.Ask(address, {kBrowser}).body == body);
      CHECK(pages.Ask(address).status == 404);
    }
  }
  CHECK(pages.Ask("/health", {kBrowser}).body == "OK");
  CHECK(pages.Ask("/nowhere", {kBrowser}).status == 404);
}

TEST_CASE("files come compressed or not, are kept for ever, and are not sent twice") {
  const Pages pages;
  for (const Asset& asset : Assets()) {
    if (asset.path == "/") continue;
    CAPTURE(asset.path);
    const std::string path(asset.path);
    const auto plain = pages.Ask(path);
    CHECK(plain.status == 200);
    CHECK(plain.body.size() == asset.size);
    CHECK(plain.Find("Content-Encoding").empty());
    CHECK(plain.Find("Cache-Control").find("immutable") != std::string_view::npos);
    const auto gzip = pages.Ask(path, {{"Accept-Encoding", "gzip"}});
    CHECK(gzip.Find("Content-Encoding") == "gzip");
    CHECK(net::Decompress(gzip.body, "gzip", asset.size).value() == plain.body);
    const auto brotli = pages.Ask(path, {{"Accept-Encoding", "gzip, br"}});
    CHECK(brotli.Find("Content-Encoding") == "br");
    // A chunk of a line or two cannot become smaller.
    if (plain.body.size() > 256) CHECK(brotli.body.size() < plain.body.size());
    CHECK(brotli.Find("ETag") != gzip.Find("ETag"));
    const auto again = pages.Ask(
        path, {{"Accept-Encoding", "br"}, {"If-None-Match", std::string(brotli.Find("ETag"))}});
    CHECK(again.status == 304);
    CHECK(again.body.empty());
    CHECK(pages.Ask(path, {{"If-None-Match", "\"0000000000000000\""}}).status == 200);
  }
}

TEST_CASE("a file of an older build is not there, and nobody keeps that") {
  const Pages pages;
  const auto missing = pages.Ask("/assets/main-00000000.js");
  CHECK(missing.status == 404);
  CHECK(missing.Find("Cache-Control") == "no-store");
  for (const char* path : {"/assets", "/assets/../page.json", "/assets/%2e%2e/x"}) {
    CHECK(pages.Ask(path, {kBrowser}).status == 404);
  }
}

TEST_CASE("an HTML file is shown where nothing of it runs; other files are only kept") {
  net::HttpResponse file;
  file.content_type = "text/html";
  file.headers = {{"Content-Disposition", "attachment; filename=\"a.html\""}};
  const auto framed = ForFrame(file);
  CHECK(framed.Find("Content-Disposition") == "inline");
  const std::string policy(framed.Find("Content-Security-Policy"));
  CHECK(policy.starts_with("sandbox;"));
  CHECK(policy.find("default-src 'none'") != std::string::npos);
  CHECK(policy.find("script") == std::string::npos);
  for (const char* type : {"image/svg+xml", "text/plain", "application/pdf"}) {
    file.content_type = type;
    CHECK(ForFrame(file).Find("Content-Disposition").starts_with("attachment"));
    CHECK(ForFrame(file).Find("Content-Security-Policy").empty());
  }
}

TEST_CASE("the page knows the build that it is of, and holds no script of its own") {
  const Pages pages;
  const auto page = pages.Ask("/", {kBrowser});
  CHECK(page.body.find("content=\"" + std::string(BuildId()) + "\"") != std::string::npos);
  CHECK(pages.Ask("/page.json").body.find(BuildId()) != std::string::npos);
  std::set<std::string_view> tags;
  for (const Asset& asset : Assets()) tags.insert(asset.etag);
  CHECK(tags.size() == Assets().size());
  for (size_t at = 0; (at = page.body.find("<script", at)) != std::string::npos; ++at) {
    CHECK(page.body.substr(at, page.body.find('>', at) - at).find("src=\"/assets/") !=
          std::string::npos);
  }
  CHECK(page.body.find("style=") == std::string::npos);
}

}  // namespace
}  // namespace quern::server::page
