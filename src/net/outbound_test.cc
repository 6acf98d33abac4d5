#include "net/outbound.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

namespace quern::net {
namespace {

OutboundOptions Local() {
  OutboundOptions options;
  options.allow_private = true;
  options.timeout = 10;
  return options;
}

std::string UrlOf(uint16_t port, const std::string& target) {
  return "http://127.0.0.1:" + std::to_string(port) + target;
}

}  // namespace

TEST_CASE("a request arrives as it was given, the answer comes back") {
  HttpRequest seen;
  HttpServer server({}, [&](const HttpRequest& request) {
    seen = request;
    HttpResponse response;
    response.status = 429;
    response.headers.push_back({"Retry-After", "3"});
    response.body = std::string(100, 'x');
    return response;
  });
  const auto port = server.Start();
  REQUIRE(port);
  OutboundOptions options = Local();
  options.kept_body = 10;
  const auto answer = Outbound::Exchange(
      options, {UrlOf(*port, "/hook?a=b"), {{"X-Id", "7"}, {"Content-Type", "text/x"}}, "hello"});
  REQUIRE(answer);
  CHECK(answer->status == 429);
  CHECK(answer->Find("retry-after") == "3");
  CHECK(answer->body == "xxxxxxxxxx");
  CHECK(seen.method == "POST");
  CHECK(seen.path == "/hook");
  CHECK(seen.query == "a=b");
  CHECK(seen.body == "hello");
  CHECK(seen.Find("X-Id") == "7");
  CHECK(seen.Find("Content-Type") == "text/x");
}

TEST_CASE("an address that is not public is refused before anything is sent") {
  std::atomic<int> calls = 0;
  HttpServer server({}, [&](const HttpRequest&) {
    ++calls;
    return HttpResponse();
  });
  const auto port = server.Start();
  REQUIRE(port);
  OutboundOptions options = Local();
  options.allow_private = false;
  for (const char* host : {"127.0.0.1", "localhost", "127.1", "[::ffff:127.0.0.1]"}) {
    CAPTURE(host);
    const auto answer = Outbound::Exchange(
        options, {"http://" + std::string(host) + ":" + std::to_string(*port) + "/", {}, ""});
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Code::kPermissionDenied);
  }
  CHECK(calls == 0);
}

TEST_CASE("redirects are answers, other schemes and dead ports errors") {
  HttpServer server({}, [&](const HttpRequest&) {
    HttpResponse response;
    response.status = 302;
    response.headers.push_back({"Location", "http://169.254.169.254/"});
    return response;
  });
  const auto port = server.Start();
  REQUIRE(port);
  CHECK(Outbound::Exchange(Local(), {UrlOf(*port, "/"), {}, ""})->status == 302);
  for (const char* url : {"file:///etc/passwd", "gopher://127.0.0.1/", "no url", ""}) {
    CAPTURE(url);
    CHECK(Outbound::Exchange(Local(), {url, {}, ""}).error().code == Code::kUnavailable);
  }
  const std::string dead = UrlOf(*port, "/");
  server.Stop();
  CHECK(Outbound::Exchange(Local(), {dead, {}, ""}).error().code == Code::kUnavailable);
}

TEST_CASE("several requests run at once, as many as allowed, and each keeps its ticket") {
  std::atomic<int> inside = 0, most = 0;
  std::atomic<int> arrived = 0;
  ServerOptions server_options;
  server_options.threads = 4;
  HttpServer server(server_options, [&](const HttpRequest& request) {
    const int now = ++inside;
    int seen = most.load();
    while (now > seen && !most.compare_exchange_weak(seen, now)) {
    }
    // The first two wait for each other: they are under way together.
    ++arrived;
    while (arrived < 2) std::this_thread::yield();
    --inside;
    HttpResponse response;
    response.body = request.body;
    return response;
  });
  const auto port = server.Start();
  REQUIRE(port);
  OutboundOptions options = Local();
  options.parallel = 2;
  auto outbound = Outbound::Open(options);
  REQUIRE(outbound);
  for (uint64_t ticket = 1; ticket <= 6; ++ticket) {
    (*outbound)->Post(ticket, {UrlOf(*port, "/"), {}, std::to_string(ticket)});
  }
  size_t ended = 0;
  while (ended < 6) {
    for (const auto& one : (*outbound)->Wait(10)) {
      REQUIRE(one.answer);
      CHECK(one.answer->body == std::to_string(one.ticket));
      ++ended;
    }
  }
  CHECK((*outbound)->running() == 0);
  CHECK(most == 2);
}

TEST_CASE("waiting ends when woken, also while a request hangs") {
  std::atomic<bool> release = false;
  HttpServer server({}, [&](const HttpRequest&) {
    while (!release) std::this_thread::yield();
    return HttpResponse();
  });
  const auto port = server.Start();
  REQUIRE(port);
  auto outbound = Outbound::Open(Local());
  REQUIRE(outbound);
  (*outbound)->Wake();
  CHECK((*outbound)->Wait(60).empty());
  (*outbound)->Post(1, {UrlOf(*port, "/"), {}, ""});
  std::thread waker([&] { (*outbound)->Wake(); });
  CHECK((*outbound)->Wait(60).empty());
  waker.join();
  release = true;
  size_t ended = 0;
  while (ended == 0) ended = (*outbound)->Wait(60).size();
  CHECK(ended == 1);
}

TEST_CASE("a server that says nothing is given up") {
  std::atomic<bool> release = false;
  HttpServer server({}, [&](const HttpRequest&) {
    while (!release) std::this_thread::yield();
    return HttpResponse();
  });
  const auto port = server.Start();
  REQUIRE(port);
  OutboundOptions options = Local();
  options.timeout = 0.05;
  CHECK(Outbound::Exchange(options, {UrlOf(*port, "/"), {}, ""}).error().code ==
        Code::kDeadlineExceeded);
  release = true;
}

}  // namespace quern::net
