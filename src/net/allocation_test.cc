// From a parsed head to the written answer, a request of an inline handler allocates nothing once
// the server has warmed up.
#include <doctest/doctest.h>

#include <thread>

#include "net/compression.h"
#include "net/http.h"
#include "net/raw_socket.h"
#include "tests/allocations/allocations.h"

// The sanitizers bring an operator new of their own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace quern::net {
namespace {

/// Each request that the handler sees finds what its loop's thread has allocated by then.
struct Counted {
  explicit Counted(bool held) {
    ServerOptions options;
    options.loops = 1;
    options.inline_handler = [this](const RequestView& request, ResponseWriter& response) {
      seen.push_back(Allocations());
      response.SetContentType("text/plain; charset=utf-8");
      response.AddHeader("X-A-Header", request.Find("X-A-Header"));
      response.body().append(request.body).append(1000, 'x');
      return true;
    };
    if (held) options.after_wakeup = [](size_t) -> Status { return {}; };
    // Room for the test's own notes.
    seen.reserve(1u << 16);
    server =
        std::make_unique<HttpServer>(options, [](const HttpRequest&) { return HttpResponse(); });
    port = server->Start().value();
  }
  std::vector<size_t> seen;
  std::unique_ptr<HttpServer> server;
  uint16_t port = 0;
};

std::string Post(const std::string& body, const std::string& headers) {
  return "POST /v2/models/heart%20disease/infer?a=b HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
         "User-Agent: a client with a long name\r\nX-A-Header: a value of more than a few "
         "bytes\r\n" +
         headers + "\r\n" + body;
}

std::string WithLength(const std::string& body, const std::string& headers = "") {
  return Post(body, headers + "Content-Length: " + std::to_string(body.size()) + "\r\n");
}

TEST_CASE("N requests of an inline handler allocate nothing after warm-up") {
  const std::string small(200, 's');
  const std::string large(100'000, 'l');
  std::string burst;
  for (int i = 0; i < 8; ++i) burst += WithLength(small);
  struct Row {
    const char* name;
    std::vector<std::string> parts;  // sent one after the other, as one or more requests
    int requests;
  };
  const std::vector<Row> rows = {
      {"small", {WithLength(small)}, 1},
      {"large", {WithLength(large)}, 1},
      {"eight at once", {burst}, 8},
      {"chunked", {Post("c8\r\n" + small + "\r\n0\r\n\r\n", "Transfer-Encoding: chunked\r\n")}, 1},
      {"gzip", {WithLength(GzipCompress(large), "Content-Encoding: gzip\r\n")}, 1},
      {"in parts", {WithLength(small).substr(0, 50), WithLength(small).substr(50)}, 1},
  };
  for (bool held : {false, true}) {
    Counted counted(held);
    RawSocket socket(counted.port);
    for (const Row& row : rows) {
      counted.seen.clear();
      for (int i = 0; i < 400; ++i) {
        for (const std::string& part : row.parts) REQUIRE(socket.Send(part));
        // Every answer ends with the x of its body.
        size_t answers = 0;
        for (std::string all; answers < static_cast<size_t>(row.requests);) {
          all += socket.ReadUntil("xxxxxxxx");
          answers = 0;
          for (size_t at = 0; (at = all.find("HTTP/1.1 200", at)) != std::string::npos; ++at) {
            const size_t begin = all.find("\r\n\r\n", at);
            const size_t size = all.find("Content-Length: ", at);
            if (begin == std::string::npos) break;
            answers += all.size() >= begin + 4 + std::stoul(all.substr(size + 16)) ? 1 : 0;
          }
        }
      }
      REQUIRE(counted.seen.size() == static_cast<size_t>(400 * row.requests));
      CHECK(counted.seen.back() > 0);
      CHECK_MESSAGE(counted.seen.back() == counted.seen[counted.seen.size() / 4], row.name, held);
    }
  }
}

}  // namespace
}  // namespace quern::net

#endif
