// Stop() while clients hammer: each sees a full answer, or a connection that is refused or ends
// before any of it; and whatever a handler was given is answered.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "net/http.h"
#include "net/raw_socket.h"

namespace quern::net {
namespace {

constexpr size_t kAnswer = 20'000;

struct Tally {
  std::atomic<int> whole{0};
  std::atomic<int> none{0};
  std::atomic<int> half{0};
};

/// Asks until the server is gone.
void Hammer(uint16_t port, const std::string& path, bool reconnect, Tally* tally) {
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
  for (;;) {
    RawSocket socket(port);
    if (!socket.connected()) return;
    for (bool open = true; open;) {
      std::string answer;
      if (socket.Send(request)) answer = socket.ReadUntil(std::string(16, 'e'));
      const size_t body = answer.find("\r\n\r\n");
      if (answer.empty()) {
        ++tally->none;
        open = false;
      } else if (body == std::string::npos || answer.size() != body + 4 + kAnswer) {
        ++tally->half;
        return;
      } else {
        ++tally->whole;
        open = !reconnect && answer.find("Connection: close") == std::string::npos;
      }
    }
  }
}

void StopUnderLoad(const ServerOptions& given, const std::string& path, bool reconnect) {
  for (int round = 0; round < 10; ++round) {
    std::atomic<int> handled{0};
    std::string body(kAnswer - 16, 'b');
    body.append(16, 'e');
    ServerOptions options = given;
    options.inline_handler = [&](const RequestView& request, ResponseWriter& response) {
      if (request.path != "/inline") return false;
      ++handled;
      response.body() = body;
      return true;
    };
    HttpServer server(options, [&](const HttpRequest&) {
      ++handled;
      HttpResponse response;
      response.body = body;
      return response;
    });
    const uint16_t port = server.Start().value();
    Tally tally;
    std::vector<std::thread> clients;
    for (int i = 0; i < 6; ++i) {
      clients.emplace_back([&] { Hammer(port, path, reconnect, &tally); });
    }
    while (handled < 50 * (round + 1)) std::this_thread::yield();
    server.Stop();
    for (std::thread& client : clients) client.join();
    CHECK(tally.half == 0);
    CHECK(tally.whole == handled);
  }
}

TEST_CASE("Stop() under load loses no request that was accepted") {
  ServerOptions options;
  SUBCASE("inline, kept connections") { StopUnderLoad(options, "/inline", false); }
  SUBCASE("inline, a connection each") { StopUnderLoad(options, "/inline", true); }
  SUBCASE("handlers, kept connections") { StopUnderLoad(options, "/general", false); }
  SUBCASE("handlers, a connection each") { StopUnderLoad(options, "/general", true); }
  SUBCASE("inline, held answers") {
    options.after_wakeup = [](size_t) -> Status { return {}; };
    StopUnderLoad(options, "/inline", false);
  }
}

}  // namespace
}  // namespace quern::net
