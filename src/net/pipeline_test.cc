// Requests that a client sends before it has the answers to those before.
#include <doctest/doctest.h>

#include <algorithm>
#include <future>

#include "net/http.h"
#include "net/raw_socket.h"

namespace quern::net {
namespace {

std::string Burst(int count, const std::string& request) {
  std::string burst;
  for (int i = 0; i < count; ++i) burst += request;
  return burst;
}

int CountOf(std::string_view text, std::string_view what) {
  int count = 0;
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++count;
  return count;
}

HttpResponse Nothing(const HttpRequest& /*request*/) { return {}; }

/// Answers of `size` bytes, on the loop.
ServerOptions Inline(size_t size) {
  ServerOptions options;
  options.loops = 1;
  options.inline_handler = [body = std::string(size, 'x')](const RequestView& /*request*/,
                                                           ResponseWriter& response) {
    response.body() = body;
    return true;
  };
  return options;
}

TEST_CASE("every request that came before the client's end is answered") {
  ServerOptions options = Inline(1000);
  SUBCASE("answers go at once") {}
  SUBCASE("answers go at the end of the wake-up") {
    options.after_wakeup = [](size_t) -> Status { return {}; };
  }
  HttpServer server(options, Nothing);
  const uint16_t port = server.Start().value();
  // More than one read of the server brings, and more than 64 KB of answers.
  const std::string burst = Burst(800, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(CountOf(RawExchange(port, burst), "HTTP/1.1 200 ") == 800);
}

TEST_CASE("requests are not read faster than they are answered") {
  // Handlers get a request where it was received, so its place tells how large the buffer is: here
  // the longest run of requests that lie one behind the other.
  const char* before = nullptr;
  size_t run = 0;
  size_t longest = 0;
  ServerOptions options;
  options.loops = 1;
  options.inline_handler = [&, body = std::string(70'000, 'x')](const RequestView& request,
                                                                ResponseWriter& response) {
    const char* here = request.path.data();
    const bool next = before != nullptr && here > before && here - before < 4096;
    run = next ? run + static_cast<size_t>(here - before) : 0;
    longest = std::max(longest, run);
    before = here;
    response.body() = body;
    return true;
  };
  HttpServer server(options, Nothing);
  RawSocket socket(server.Start().value());
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX-Pad: " + std::string(1000, 'p');
  const std::string burst = Burst(999, head + "\r\n\r\n") + head + "\r\nConnection: close\r\n\r\n";
  auto sent = std::async(std::launch::async, [&] { return socket.Send(burst); });
  size_t bytes = 0;
  socket.ReadEach([&](std::string_view more) { bytes += more.size(); });
  CHECK(sent.get());
  CHECK(bytes > 1000u * 70'000u);
  CHECK(longest <= 64u << 10);
}

}  // namespace
}  // namespace quern::net
