#include "net/url_client.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

namespace quern::net {
namespace {

/// Answers with what came, and remembers it.
struct Echo {
  Echo() {
    const auto started = server.Start();
    REQUIRE(started);
    url = "http://127.0.0.1:" + std::to_string(*started);
  }
  HttpResponse Answer(const HttpRequest& request) {
    const std::lock_guard lock(mutex);
    seen = request;
    HttpResponse response;
    response.status = status;
    response.headers.push_back({"ETag", "\"e\""});
    response.body = answer;
    return response;
  }

  std::mutex mutex;
  HttpRequest seen;
  int status = 200;
  std::string answer = "answer";
  HttpServer server{{}, [this](const HttpRequest& request) { return Answer(request); }};
  std::string url;
};

std::unique_ptr<UrlClient> Open(const UrlClientOptions& options = {}) {
  auto client = UrlClient::Open(options);
  REQUIRE(client);
  return std::move(*client);
}

}  // namespace

TEST_CASE("every method brings its body and headers, and takes the answer") {
  Echo echo;
  const auto client = Open();
  for (const char* method : {"PUT", "POST"}) {
    const std::string body(100'000, 'b');
    const auto answer = client->Send(method, echo.url + "/a%20b/../c?x=1", body, {{"X-Own", "7"}});
    REQUIRE(answer);
    CHECK(answer->body == "answer");
    CHECK(answer->Find("etag") == "\"e\"");
    CHECK(echo.seen.method == method);
    // As it is written: a signature covers it.
    CHECK(echo.seen.path == "/a%20b/../c");
    CHECK(echo.seen.query == "x=1");
    CHECK((echo.seen.body == body));
    CHECK(echo.seen.Find("X-Own") == "7");
    CHECK(echo.seen.Find("Content-Type").empty());
    CHECK(echo.seen.Find("Expect").empty());
  }
  const auto empty = client->Send("PUT", echo.url + "/f", "", {});
  CHECK(empty->status == 200);
  CHECK(echo.seen.Find("Content-Length") == "0");
  for (const char* method : {"GET", "DELETE"}) {
    CHECK(client->Send(method, echo.url + "/f", "", {})->body == "answer");
    CHECK(echo.seen.method == method);
    CHECK(echo.seen.body.empty());
  }
  const auto head = client->Send("HEAD", echo.url + "/f", "", {});
  REQUIRE(head);
  CHECK(echo.seen.method == "HEAD");
  CHECK(head->body.empty());
  CHECK(head->Find("Content-Length") == "6");
  // A redirect is an answer like another.
  echo.status = 302;
  CHECK(client->Send("GET", echo.url + "/f", "", {})->status == 302);
}

TEST_CASE("an answer that is too long, a server that is not there, one that is slow") {
  Echo echo;
  const auto client = Open({.timeout = 5, .max_body = 10, .trust = {}});
  echo.answer = std::string(10, 'x');
  CHECK(client->Send("GET", echo.url + "/f", "", {})->body.size() == 10);
  echo.answer = std::string(11, 'x');
  CHECK(client->Send("GET", echo.url + "/f", "", {}).error().code == Code::kResourceExhausted);
  echo.server.Stop();
  CHECK(client->Send("GET", echo.url + "/f", "", {}).error().code == Code::kUnavailable);
  CHECK(client->Send("GET", "ftp://127.0.0.1/f", "", {}).error().code == Code::kUnavailable);

  std::atomic<bool> done = false;
  HttpServer slow({}, [&](const HttpRequest&) {
    while (!done) std::this_thread::yield();
    return HttpResponse();
  });
  const auto port = slow.Start();
  const auto hasty = Open({.timeout = 0.1, .max_body = 10, .trust = {}});
  CHECK(
      hasty->Send("GET", "http://127.0.0.1:" + std::to_string(*port) + "/", "", {}).error().code ==
      Code::kDeadlineExceeded);
  done = true;
}

TEST_CASE("a file of authorities that is not there is said") {
  const auto client = Open({.timeout = 5, .max_body = 10, .trust = {"/nowhere.pem", true}});
  const auto answer = client->Send("GET", "https://127.0.0.1:1/", "", {});
  CHECK(answer.error().code == Code::kUnavailable);
}

TEST_CASE("a download goes to its sink in pieces, however long it is") {
  Echo echo;
  echo.answer.assign(3 << 20, 'a');
  const auto client = Open({.max_body = 100, .trust = {}});
  size_t bytes = 0, longest = 0;
  const auto count = [&](std::string_view piece) -> Status {
    bytes += piece.size();
    longest = std::max(longest, piece.size());
    return {};
  };
  const auto whole = client->Download(echo.url, {{"X-Own", "7"}}, count);
  REQUIRE(whole);
  CHECK(whole->status == 200);
  CHECK(whole->body.empty());
  CHECK(bytes == 3u << 20);
  CHECK(longest <= 64u << 10);
  CHECK(echo.seen.Find("X-Own") == "7");

  const auto refuse = [](std::string_view) -> Status { return Fail(Code::kCancelled, "enough"); };
  CHECK(client->Download(echo.url, {}, refuse).error().message == "enough");

  echo.status = 404;
  echo.answer = "no such file";
  bytes = 0;
  const auto missing = client->Download(echo.url, {}, count);
  REQUIRE(missing);
  CHECK(missing->status == 404);
  CHECK(missing->body == "no such file");
  CHECK(bytes == 0);
}

}  // namespace quern::net
