#include "server/http/guard.h"

#include <doctest/doctest.h>

namespace quern::server {
namespace {

net::HttpRequest RequestTo(std::string host, std::string method = "GET", std::string origin = "") {
  net::HttpRequest request;
  request.method = std::move(method);
  request.path = "/api/2.0/mlflow/runs/create";
  request.headers = {{"Host", std::move(host)}};
  if (!origin.empty()) request.headers.push_back({"Origin", std::move(origin)});
  return request;
}

TEST_CASE("patterns") {
  CHECK(MatchesPattern("a*c", "abbc"));
  CHECK(MatchesPattern("*", ""));
  CHECK(MatchesPattern("*.b.*", "a.b.c"));
  CHECK(MatchesPattern("a", "a"));
  CHECK_FALSE(MatchesPattern("a*c", "ab"));
  CHECK_FALSE(MatchesPattern("a", "ab"));
  CHECK_FALSE(MatchesPattern("", "a"));
  CHECK_FALSE(MatchesPattern("*.b", "a.bc"));
}

TEST_CASE("hosts: this machine and private networks, unless names are given") {
  const Guard usual{GuardOptions{}};
  for (const char* host : {"localhost", "localhost:5000", "LOCALHOST", "127.0.0.1:1", "[::1]:5000",
                           "[::1]", "10.0.0.7:5000", "192.168.1.2", "172.31.0.1", "[fd00::1]:80"}) {
    CAPTURE(host);
    CHECK_FALSE(usual.Intercept(RequestTo(host)));
  }
  for (const char* host : {"", "evil.example.org", "localhost.evil.org", "172.32.0.1", "8.8.8.8",
                           "10.evil.org", "192.168.evil.org:80", "127.0.0.1.evil.org", ":5000"}) {
    CAPTURE(host);
    const auto answer = usual.Intercept(RequestTo(host));
    REQUIRE(answer);
    CHECK(answer->status == 403);
    CHECK(answer->body == "Invalid Host header - possible DNS rebinding attack detected");
  }
  GuardOptions options;
  options.allowed_hosts = {"ML.example.org", "*.lab.org", "port.org:81"};
  const Guard named(options);
  for (const char* host : {"ml.example.org", "ml.example.org:5000", "a.lab.org:1", "port.org:81"}) {
    CAPTURE(host);
    CHECK_FALSE(named.Intercept(RequestTo(host)));
  }
  for (const char* host : {"localhost", "lab.org", "port.org:82", "port.org"}) {
    CAPTURE(host);
    CHECK(named.Intercept(RequestTo(host)));
  }
  net::HttpRequest health = RequestTo("any.name");
  health.path = "/health";
  CHECK_FALSE(named.Intercept(health));
}

TEST_CASE("origins: the server's own page may change things under each of its names") {
  GuardOptions options;
  options.allowed_hosts = {"ml.example.org", "ml.example.org:5000"};
  const Guard guard(options);
  CHECK_FALSE(
      guard.Intercept(RequestTo("ml.example.org:5000", "POST", "http://ml.example.org:5000")));
  CHECK_FALSE(guard.Intercept(RequestTo("ML.example.org", "DELETE", "https://ml.example.org")));
  CHECK(
      guard.Intercept(RequestTo("ml.example.org:5000", "POST", "http://ml.example.org"))->status ==
      403);
  CHECK(guard.Intercept(RequestTo("ml.example.org", "POST", "http://evil.org"))->status == 403);
  // A name that is not allowed is no reason to trust the same origin.
  CHECK(guard.Intercept(RequestTo("evil.org", "POST", "http://evil.org"))->status == 403);
  // Where every name is allowed, a page of any name would be the server's own.
  options.allowed_hosts = {"*"};
  const Guard any(options);
  CHECK(any.Intercept(RequestTo("evil.org", "POST", "http://evil.org"))->status == 403);
  CHECK_FALSE(any.Intercept(RequestTo("evil.org", "POST", "http://127.0.0.1:5000")));
}

TEST_CASE("origins: pages from elsewhere change nothing") {
  GuardOptions options;
  options.allowed_origins = {"https://app.example.org", "https://*.lab.org"};
  const Guard guard(options);
  for (const char* origin : {"http://localhost:3000", "https://127.0.0.1", "http://[::1]:1",
                             "https://app.example.org", "https://a.lab.org"}) {
    CAPTURE(origin);
    CHECK_FALSE(guard.Intercept(RequestTo("localhost", "POST", origin)));
  }
  for (const char* origin : {"https://evil.org", "null", "http://localhost.evil.org",
                             "http://app.example.org", "ftp://localhost"}) {
    CAPTURE(origin);
    for (const char* method : {"POST", "PUT", "PATCH", "DELETE"}) {
      const auto answer = guard.Intercept(RequestTo("localhost", method, origin));
      REQUIRE(answer);
      CHECK(answer->status == 403);
      CHECK(answer->body == "Cross-origin request blocked");
    }
    CHECK_FALSE(guard.Intercept(RequestTo("localhost", "GET", origin)));
  }
}

TEST_CASE("what a browser asks beforehand, and what every answer carries") {
  GuardOptions options;
  options.allowed_origins = {"https://app.example.org"};
  const Guard guard(options);
  net::HttpRequest ask = RequestTo("localhost", "OPTIONS", "https://app.example.org");
  ask.headers.push_back({"Access-Control-Request-Method", "PATCH"});
  ask.headers.push_back({"Access-Control-Request-Headers", "x-a"});
  auto answer = guard.Intercept(ask);
  REQUIRE(answer);
  CHECK(answer->status == 204);
  CHECK(answer->Find("Access-Control-Allow-Headers") == "x-a");
  CHECK(answer->Find("Access-Control-Allow-Methods").find("PATCH") != std::string_view::npos);
  guard.Finish(ask, &*answer);
  CHECK(answer->Find("Access-Control-Allow-Origin") == "https://app.example.org");
  CHECK(answer->Find("Access-Control-Allow-Credentials") == "true");
  ask.headers[1].value = "https://evil.org";
  CHECK(guard.Intercept(ask)->status == 400);

  net::HttpResponse plain;
  guard.Finish(RequestTo("localhost"), &plain);
  CHECK(plain.Find("X-Content-Type-Options") == "nosniff");
  CHECK(plain.Find("X-Frame-Options") == "SAMEORIGIN");
  CHECK(plain.Find("Access-Control-Allow-Origin").empty());

  options.allowed_origins = {"*"};
  options.frame_options = "NONE";
  const Guard open(options);
  net::HttpResponse any;
  open.Finish(RequestTo("localhost", "GET", "https://evil.org"), &any);
  CHECK(any.Find("Access-Control-Allow-Origin") == "*");
  CHECK(any.Find("Access-Control-Allow-Credentials").empty());
  CHECK(any.Find("X-Frame-Options").empty());
}

}  // namespace
}  // namespace quern::server
