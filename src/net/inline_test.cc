#include "net/inline.h"

#include <doctest/doctest.h>

#include <atomic>

#include "net/client.h"
#include "net/compression.h"
#include "net/http.h"
#include "net/raw_socket.h"

namespace quern::net {
namespace {

/// Answers POST /inline on the loop, the rest in the general handler.
struct RunningInline {
  explicit RunningInline(ServerOptions options = {}) {
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
  RunningInline running;
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
  RunningInline running(options);
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
  RunningInline running(options);
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

/// Asks for each request to be asked again, and answers with how many waited when it was.
struct Asking {
  explicit Asking(double delay, size_t most) {
    ServerOptions options;
    options.loops = 1;
    options.again_delay = delay;
    options.again_most = most;
    options.before_again = [this](size_t) {
      ++waves;
      answers = taken.load();
    };
    options.after_again = [this](size_t) { taken = 0; };
    options.inline_handler = [this](const RequestView& request, ResponseWriter& response) {
      if (request.ticket == 0) {
        response.body() = "forgotten";
        response.AskAgain(++taken);
        return true;
      }
      if (request.body == "other") return false;
      response.body() = std::string(request.body) + " of " + std::to_string(answers.load()) +
                        ", ticket " + std::to_string(request.ticket);
      return true;
    };
    server = std::make_unique<HttpServer>(options, [](const HttpRequest& request) {
      HttpResponse response;
      response.body = "general " + request.body;
      return response;
    });
    port = server->Start().value();
  }
  std::atomic<size_t> taken{0};
  std::atomic<size_t> answers{0};
  std::atomic<size_t> waves{0};
  std::unique_ptr<HttpServer> server;
  uint16_t port = 0;
};

TEST_CASE("a request may be asked again at the end of the wake-up, and handed on then") {
  Asking asking(0, 100);
  HttpClient client("127.0.0.1", asking.port);
  for (int i = 0; i < 3; ++i) {
    CHECK(client.Post("/", "one")->body == "one of 1, ticket 1");
    CHECK(client.Post("/", "other")->body == "general other");
  }
  CHECK(asking.waves == 6);
  const std::string request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n1";
  RawSocket socket(asking.port);
  REQUIRE(socket.Send(request + request + request));
  socket.EndSending();
  const std::string answer = socket.ReadAll();
  size_t count = 0;
  for (size_t at = answer.find("1 of "); at != answer.npos; at = answer.find("1 of ", at + 1))
    ++count;
  CHECK(count == 3);
}

TEST_CASE("requests wait for others as long as they are told, or until enough have come") {
  Asking asking(1000, 3);
  RawSocket first(asking.port);
  RawSocket second(asking.port);
  const std::string request =
      "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\n\r\n";
  REQUIRE(first.Send(request + "1"));
  REQUIRE(second.Send(request + "2"));
  HttpClient third("127.0.0.1", asking.port);
  const auto answer = third.Post("/", "3");
  REQUIRE(answer);
  CHECK(answer->body.starts_with("3 of 3, ticket "));
  CHECK(first.ReadAll().find("\r\n\r\n1 of 3, ticket ") != std::string::npos);
  CHECK(second.ReadAll().find("\r\n\r\n2 of 3, ticket ") != std::string::npos);
  CHECK(asking.waves == 1);

  Asking brief(0.02, 3);
  HttpClient alone("127.0.0.1", brief.port);
  CHECK(alone.Post("/", "1")->body == "1 of 1, ticket 1");
}

TEST_CASE("a client that leaves while its request waits keeps no other from its answer") {
  Asking asking(1000, 2);
  const std::string request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n";
  {
    RawSocket gone(asking.port);
    REQUIRE(gone.Send(request + "1"));
  }
  HttpClient client("127.0.0.1", asking.port);
  const auto answer = client.Post("/", "2");
  REQUIRE(answer);
  CHECK(answer->body.starts_with("2 of "));
  asking.server->Stop();
}

}  // namespace
}  // namespace quern::net
