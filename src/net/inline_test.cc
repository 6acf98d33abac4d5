#include "net/inline.h"

#include <doctest/doctest.h>

#include <atomic>

#include "net/client.h"
#include "net/compression.h"
#include "net/http.h"

namespace quern::net {
namespace {

/// Answers POST /inline on the loop, the rest in the general handler.
struct Running {
  explicit Running(ServerOptions options = {}) {
    options.inline_handler = [](const RequestView& request, ResponseWriter& response) {
      response.body() = "forgotten";
      response.AddHeader("X-Forgotten", "yes");
      if (request.path != "/inline") return false;
      response.Reset();
      response.SetStatus(request.body == "teapot" ? 422 : 200);
      response.SetContentType("text/plain");
      response.AddHeader("X-Query", request.query);
      response.AddHeader("X-In", request.Find("x-IN"));
      response.body().append(request.method).append(" ").append(request.body);
      return true;
    };
    server = std::make_unique<HttpServer>(options, [](const HttpRequest& request) {
      HttpResponse response;
      response.body = "general " + request.body;
      return response;
    });
    port = server->Start().value();
  }
  std::unique_ptr<HttpServer> server;
  uint16_t port = 0;
};

TEST_CASE("an inline handler answers what is its own, the general handler the rest") {
  Running running;
  HttpClient client("127.0.0.1", running.port);
  auto mine = client.Post("/inline?a=b", "hi", "text/plain", {{"X-In", "c\td"}});
  REQUIRE(mine);
  CHECK(mine->status == 200);
  CHECK(mine->body == "POST hi");
  CHECK(mine->content_type == "text/plain");
  CHECK(mine->Find("X-Query") == "a=b");
  CHECK(mine->Find("X-In") == "c d");
  CHECK(client.Post("/inline", "teapot")->status == 422);
  auto other = client.Post("/other", "hi");
  CHECK(other->body == "general hi");
  CHECK(other->Find("X-Forgotten").empty());
}

TEST_CASE("an inline handler sees bodies decompressed, and none above its limit") {
  ServerOptions options;
  options.inline_max_body = 1000;
  Running running(options);
  HttpClient client("127.0.0.1", running.port);
  CHECK(
      client.Send("POST", "/inline", GzipCompress("hello"), {{"Content-Encoding", "gzip"}})->body ==
      "POST hello");
  std::string large(1001, 'x');
  CHECK(client.Post("/inline", large)->body == "general " + large);
  CHECK(client.Send("POST", "/inline", GzipCompress(large), {{"Content-Encoding", "gzip"}})->body ==
        "general " + large);
}

TEST_CASE("the end of a wake-up comes before its answers, and its error is theirs") {
  std::atomic<int> ends{0};
  std::atomic<bool> fails{false};
  ServerOptions options;
  options.after_wakeup = [&](size_t) -> Status {
    ++ends;
    if (fails) return Fail(Code::kUnavailable, "the log is full");
    return {};
  };
  Running running(options);
  HttpClient client("127.0.0.1", running.port);
  CHECK(client.Post("/inline", "1")->status == 200);
  CHECK(ends == 1);
  CHECK(client.Post("/other", "1")->status == 200);
  CHECK(ends == 1);
  fails = true;
  auto answer = client.Post("/inline", "2");
  CHECK(answer->status == 503);
  CHECK(answer->body == R"({"error":"the log is full"})");
  CHECK(client.Post("/other", "3")->status == 200);
}

}  // namespace
}  // namespace quern::net
