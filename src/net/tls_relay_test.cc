#include "net/tls_relay.h"

#include <doctest/doctest.h>
#include <poll.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "net/noise.h"
#include "net/tcp_listener.h"
#include "net/tls_test.h"

namespace quern::net {
namespace {

/// A library that speaks no TLS: says back what it hears, until the end.
void EchoAll(int plain) {
  const UniqueFd owned(plain);
  std::string waiting;
  bool ended = false;
  std::vector<char> piece(100'000);
  while (!ended || !waiting.empty()) {
    pollfd ready{plain, static_cast<short>((ended ? 0 : POLLIN) | (waiting.empty() ? 0 : POLLOUT)),
                 0};
    if (poll(&ready, 1, 20'000) <= 0) return;
    if ((ready.revents & (POLLIN | POLLHUP)) != 0 && !ended) {
      const ssize_t got = recv(plain, piece.data(), piece.size(), 0);
      if (got > 0) waiting.append(piece.data(), static_cast<size_t>(got));
      ended = got == 0;
    }
    if (waiting.empty()) continue;
    const ssize_t sent = send(plain, waiting.data(), waiting.size(), MSG_NOSIGNAL);
    if (sent > 0) waiting.erase(0, static_cast<size_t>(sent));
  }
}

/// A listener, a relay, and the library behind them.
struct Server {
  explicit Server(const Files& files)
      : tls(TlsContext::Load(files.certificate, files.key, TlsProtocol::kHttp2).value()),
        relay(TlsRelay::Start(*tls,
                              [this](int plain) {
                                ++agreed;
                                threads.emplace_back([plain] { EchoAll(plain); });
                              })
                  .value()),
        listener(TcpListener::Open("127.0.0.1", 0).value()) {
    listener->Start([this](int connection) { relay->Take(UniqueFd(connection)); });
  }
  ~Server() {
    listener->Close();
    relay->Finish(20);
    for (std::thread& thread : threads) thread.join();
  }

  std::unique_ptr<TlsContext> tls;
  std::atomic<int> agreed{0};
  std::vector<std::thread> threads;
  std::unique_ptr<TlsRelay> relay;
  std::unique_ptr<TcpListener> listener;
};

/// A client with its socket and its end of TLS.
struct Client {
  explicit Client(uint16_t port) : context(SSL_CTX_new(TLS_client_method())), socket(port) {
    ssl.reset(SSL_new(context.get()));
    SSL_set_fd(ssl.get(), socket.descriptor());
    REQUIRE(SSL_connect(ssl.get()) == 1);
  }
  void Say(std::string_view text) {
    while (!text.empty()) {
      const int wrote = SSL_write(ssl.get(), text.data(),
                                  static_cast<int>(std::min<size_t>(text.size(), 50'000)));
      REQUIRE(wrote > 0);
      text.remove_prefix(static_cast<size_t>(wrote));
    }
  }
  /// So many bytes, or all until the end.
  std::string Hear(size_t bytes) {
    std::string heard;
    std::vector<char> piece(60'000);
    while (heard.size() < bytes) {
      const int got = SSL_read(ssl.get(), piece.data(), static_cast<int>(piece.size()));
      if (got <= 0) break;
      heard.append(piece.data(), static_cast<size_t>(got));
    }
    return heard;
  }
  SslContext context;
  RawSocket socket;
  Ssl ssl;
};

TEST_CASE("a relay carries bytes both ways, more of them than fit in between") {
  TempDir dir;
  Files files(dir);
  files.Write(1);
  Server server(files);
  const uint16_t port = server.listener->port();
  Client quiet(port);
  Client client(port);
  client.Say("hello");
  CHECK(client.Hear(5) == "hello");
  // Nobody reads until all is said: it has to wait somewhere, and not in the relay.
  const std::string noise = Noise(8u << 20);
  std::thread speaks([&] { client.Say(noise); });
  const std::string heard = client.Hear(noise.size());
  speaks.join();
  CHECK(heard.size() == noise.size());
  CHECK((heard == noise));
  quiet.Say("still here");
  CHECK(quiet.Hear(10) == "still here");
  // Who says that nothing more comes still hears the rest, and the end.
  client.Say("last");
  SSL_shutdown(client.ssl.get());
  CHECK(client.Hear(100) == "last");
}

TEST_CASE("a relay speaks h2, and gives away only who has agreed on it") {
  TempDir dir;
  Files files(dir);
  files.Write(7);
  Server server(files);
  const uint16_t port = server.listener->port();
  const Greeting greeting = Greet(port, TLS1_3_VERSION, "\x08http/1.1\x02h2");
  CHECK((greeting.agreed && greeting.protocol == "h2" && greeting.serial == 7));
  CHECK_FALSE(Greet(port, TLS1_3_VERSION, "\x08http/1.1").agreed);
  CHECK_FALSE(Greet(port, TLS1_1_VERSION, "\x02h2").agreed);
  RawSocket plain(port);
  CHECK(plain.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
  CHECK(plain.ReadAll().find("HTTP") == std::string::npos);
  CHECK(server.agreed == 1);
}

TEST_CASE("a relay that is closed takes nobody in, and lets those who are there finish") {
  TempDir dir;
  Files files(dir);
  files.Write(1);
  Server server(files);
  const uint16_t port = server.listener->port();
  RawSocket greets(port);  // and says nothing
  Client client(port);
  client.Say("a");
  CHECK(client.Hear(1) == "a");
  server.relay->Close();
  CHECK(greets.ReadAll().empty());
  RawSocket late(port);
  CHECK(late.ReadAll().empty());
  client.Say("b");
  CHECK(client.Hear(1) == "b");
  CHECK(server.agreed == 1);
}

}  // namespace
}  // namespace quern::net
