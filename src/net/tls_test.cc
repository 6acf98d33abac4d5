#include "net/tls_test.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <ctime>
#include <fstream>

#include "base/fs.h"
#include "net/compression.h"
#include "net/http.h"
#include "net/raw_socket.h"
#include "net/url_client.h"

namespace quern::net {
namespace {

HttpResponse EchoOverTls(const HttpRequest& request) {
  HttpResponse response;
  response.body = request.method + " " + request.path + " " + request.body;
  return response;
}

TEST_CASE("requests, large bodies and files over HTTPS") {
  TempDir dir;
  Files files(dir);
  files.Write(1);
  const std::string large(3u << 20, 'L');
  std::ofstream(dir.File("large")) << large;
  HttpServer server(files.Options(), [&](const HttpRequest& request) {
    HttpResponse response = EchoOverTls(request);
    if (request.path == "/file") {
      response.file = std::make_shared<FileBody>(
          UniqueFd(::open(dir.File("large").c_str(), O_RDONLY | O_CLOEXEC)), 0, large.size());
    }
    if (request.path == "/large") response.body = large;
    return response;
  });
  const std::string url = "https://127.0.0.1:" + std::to_string(server.Start().value());
  auto client = UrlClient::Open({.timeout = 20, .trust = {files.certificate, true}}).value();
  for (int i = 0; i < 3; ++i) {
    auto answer = client->Send("POST", url + "/a", "hello", {});
    REQUIRE(answer);
    CHECK(answer->body == "POST /a hello");
  }
  CHECK(client->Send("POST", url + "/a", large, {})->body == "POST /a " + large);
  CHECK(client->Send("GET", url + "/file", "", {})->body == large);
  CHECK(client->Send("GET", url + "/large", "", {})->body == large);
  CHECK(client->Send("GET", url + "/last", "", {})->body == "GET /last ");
  auto distrustful = UrlClient::Open({.timeout = 5, .trust = {}}).value();
  CHECK(distrustful->Send("GET", url + "/", "", {}).error().code == Code::kFailedPrecondition);
}

TEST_CASE("every pipelined request that came before the client's end is answered") {
  TempDir dir;
  Files files(dir);
  files.Write(1);
  ServerOptions options = files.Options();
  options.inline_handler = [body = std::string(1000, 'x')](const RequestView& /*request*/,
                                                           ResponseWriter& response) {
    response.body() = body;
    return true;
  };
  HttpServer server(options, EchoOverTls);
  RawSocket socket(server.Start().value());
  SslContext context(SSL_CTX_new(TLS_client_method()));
  Ssl ssl(SSL_new(context.get()));
  SSL_set_fd(ssl.get(), socket.descriptor());
  REQUIRE(SSL_connect(ssl.get()) == 1);
  std::string burst;
  for (int i = 0; i < 400; ++i) burst += "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  REQUIRE(SSL_write(ssl.get(), burst.data(), static_cast<int>(burst.size())) > 0);
  SSL_shutdown(ssl.get());
  std::string all;
  char chunk[4096];
  for (int got = 0; (got = SSL_read(ssl.get(), chunk, sizeof chunk)) > 0;) {
    all.append(chunk, static_cast<size_t>(got));
  }
  int answered = 0;
  for (size_t at = 0; (at = all.find("HTTP/1.1 200 ", at)) != std::string::npos; ++at) ++answered;
  CHECK(answered == 400);
}

TEST_CASE("TLS 1.2 and 1.3 with ALPN http/1.1, nothing older and nothing else") {
  TempDir dir;
  Files files(dir);
  files.Write(1);
  HttpServer server(files.Options(), EchoOverTls);
  const uint16_t port = server.Start().value();
  const std::string both("\x02h2\x08http/1.1");
  const Greeting newest = Greet(port, TLS1_3_VERSION, both);
  CHECK(newest.agreed);
  CHECK(newest.version == "TLSv1.3");
  CHECK(newest.protocol == "http/1.1");
  const Greeting old = Greet(port, TLS1_2_VERSION, "");
  CHECK(old.agreed);
  CHECK(old.version == "TLSv1.2");
  CHECK(old.protocol.empty());
  CHECK_FALSE(Greet(port, TLS1_1_VERSION, both).agreed);
  CHECK_FALSE(Greet(port, TLS1_3_VERSION, "\x02h2").agreed);
}

TEST_CASE("plain HTTP, noise and silence at a port that speaks TLS") {
  TempDir dir;
  Files files(dir);
  files.Write(1);
  ServerOptions options = files.Options();
  options.header_timeout = 0.3;
  HttpServer server(options, EchoOverTls);
  const uint16_t port = server.Start().value();
  const std::string answer = RawExchange(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(answer.starts_with("HTTP/1.1 400 "));
  CHECK(answer.find("HTTPS") != std::string::npos);
  CHECK(RawExchange(port, std::string(3000, '\xff')).find("HTTP") == std::string::npos);
  RawSocket silent(port);
  RawSocket half(port);
  half.Send(std::string("\x16\x03\x01\x02\x00\x01", 6));
  CHECK(silent.ReadAll().empty());
  CHECK(half.ReadAll().empty());
  CHECK(Greet(port, TLS1_3_VERSION, "").agreed);
}

TEST_CASE("a certificate that was replaced is used, one that is broken is not") {
  TempDir dir;
  Files files(dir);
  files.Write(1);
  HttpServer server(files.Options(), EchoOverTls);
  const uint16_t port = server.Start().value();
  const auto serial = [&] { return Greet(port, TLS1_3_VERSION, "").serial; };
  CHECK(serial() == 1);
  files.Write(2);
  long seen = 0;
  for (int i = 0; i < 100'000 && seen != 2; ++i) seen = serial();
  CHECK(seen == 2);
  std::ofstream(files.key) << "no key";
  const auto until = std::time(nullptr) + 2;
  while (std::time(nullptr) <= until) CHECK(serial() == 2);
}

TEST_CASE("files that cannot be used are named") {
  TempDir dir;
  Files files(dir);
  Files other(dir, "other");
  files.Write(1);
  other.Write(2);
  const auto error = [](ServerOptions options) {
    const auto started = HttpServer(std::move(options), EchoOverTls).Start();
    REQUIRE_FALSE(started);
    CHECK(started.error().code == Code::kInvalidArgument);
    return started.error().message;
  };
  ServerOptions options = files.Options();
  options.tls_key = "";
  CHECK(error(options).find("the key is missing") != std::string::npos);
  options.tls_key = other.key;
  CHECK(error(options).find(other.key + " is not that of") != std::string::npos);
  options.tls_key = "/nowhere.key";
  CHECK(error(options).find("/nowhere.key") != std::string::npos);
  options = files.Options();
  options.tls_certificate = files.key;
  CHECK(error(options).find(files.key + " cannot be used") != std::string::npos);
}

}  // namespace
}  // namespace quern::net
