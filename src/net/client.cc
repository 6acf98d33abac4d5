#include "net/client.h"

#include <poll.h>

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <limits>
#include <optional>

#include "net/server_url.h"

namespace quern::net {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

struct HttpClient::State {
  using Parser = http::response_parser<http::string_body>;

  std::string host;
  uint16_t port = 0;
  ClientOptions options;
  asio::io_context io;
  std::optional<beast::tcp_stream> stream;
  beast::flat_buffer buffer;
  std::chrono::steady_clock::time_point deadline;

  std::string Address() const { return HostAndPort(host, port); }

  std::unexpected<Error> Broken(const beast::error_code& error, std::string_view doing) {
    stream.reset();
    if (error == beast::error::timeout) {
      return Fail(Code::kDeadlineExceeded, std::string(doing) + " " + Address() +
                                               ": no answer within " +
                                               std::to_string(options.timeout) + " s");
    }
    if (error == http::error::body_limit) {
      return Fail(Code::kResourceExhausted, "the answer of " + Address() + " is above " +
                                                std::to_string(options.max_body) + " bytes");
    }
    return Fail(Code::kUnavailable, std::string(doing) + " " + Address() + ": " + error.message());
  }

  /// Runs the one pending operation to its end.
  template <class Start>
  beast::error_code Await(Start start) {
    beast::error_code result = asio::error::would_block;
    stream->expires_at(deadline);
    start([&result](beast::error_code error, auto&&...) { result = error; });
    io.restart();
    io.run();
    return result;
  }

  /// An idle connection that has something to read was closed by the server (or is out of step).
  bool Stale() {
    pollfd descriptor{stream->socket().native_handle(), POLLIN, 0};
    return poll(&descriptor, 1, 0) != 0;
  }

  Status Connect() {
    if (stream && !Stale()) return {};
    stream.reset();
    buffer.clear();
    beast::error_code error;
    asio::ip::tcp::resolver resolver(io);
    auto endpoints = resolver.resolve(host, std::to_string(port), error);
    if (error) return Fail(Code::kUnavailable, "cannot find host '" + host + "'");
    stream.emplace(io);
    error = Await([&](auto done) { stream->async_connect(endpoints, std::move(done)); });
    if (error) return Broken(error, "connecting to");
    stream->socket().set_option(asio::ip::tcp::no_delay(true), error);
    return {};
  }

  void Wait(double seconds) {
    deadline = std::chrono::steady_clock::now() +
               std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                   std::chrono::duration<double>(seconds));
  }

  Result<HttpResponse> Exchange(std::string_view method, std::string_view target,
                                std::string_view body, const std::vector<Header>& headers) {
    QUERN_TRY(SendRequest(method, target, body, headers));
    return Receive(method == "HEAD");
  }

  Status SendRequest(std::string_view method, std::string_view target, std::string_view body,
                     const std::vector<Header>& headers) {
    Wait(options.timeout);
    QUERN_TRY(Connect());
    http::request<http::string_body> request;
    request.method_string({method.data(), method.size()});
    request.target({target.data(), target.size()});
    request.version(11);
    request.set(http::field::host, Address());
    for (const Header& header : headers) {
      request.set(beast::string_view(header.name), beast::string_view(header.value));
    }
    request.body() = body;
    if (!body.empty() || method == "POST" || method == "PUT") request.prepare_payload();
    auto error = Await([&](auto done) { http::async_write(*stream, request, std::move(done)); });
    // A server that refuses a body answers and stops reading: the answer is worth more than the
    // error.
    bool cut = error == asio::error::broken_pipe || error == asio::error::connection_reset;
    if (error && !cut) return Broken(error, "sending to");
    return {};
  }

  template <class Message>
  static HttpResponse HeadOf(const Message& message) {
    HttpResponse response;
    response.status = static_cast<int>(message.result_int());
    response.content_type = std::string(message[http::field::content_type]);
    for (const auto& field : message) {
      response.headers.push_back({std::string(field.name_string()), std::string(field.value())});
    }
    return response;
  }

  Result<HttpResponse> Stream(const PieceSink& sink) {
    http::response_parser<http::buffer_body> parser;
    parser.body_limit(std::numeric_limits<uint64_t>::max());
    auto error = Await(
        [&](auto done) { http::async_read_header(*stream, buffer, parser, std::move(done)); });
    if (error) return Broken(error, "reading from");
    HttpResponse response = HeadOf(parser.get());
    std::array<char, 64 * 1024> piece;
    while (!parser.is_done()) {
      parser.get().body().data = piece.data();
      parser.get().body().size = piece.size();
      Wait(options.timeout);
      error = Await([&](auto done) { http::async_read(*stream, buffer, parser, std::move(done)); });
      // The piece is full, and there is more.
      if (error == http::error::need_buffer) error = {};
      if (error) return Broken(error, "reading from");
      const std::string_view bytes(piece.data(), piece.size() - parser.get().body().size);
      if (response.status != 200) {
        if (response.body.size() < options.max_body) response.body += bytes;
      } else if (Status taken = sink(bytes); !taken) {
        stream.reset();
        return std::unexpected(taken.error());
      }
    }
    if (!parser.keep_alive()) stream.reset();
    return response;
  }

  Result<HttpResponse> Receive(bool head) {
    Parser parser;
    parser.body_limit(options.max_body);
    parser.skip(head);
    auto error =
        Await([&](auto done) { http::async_read(*stream, buffer, parser, std::move(done)); });
    if (error) return Broken(error, "reading from");
    auto message = parser.release();
    HttpResponse response = HeadOf(message);
    response.body = std::move(message.body());
    if (!message.keep_alive()) stream.reset();
    return response;
  }
};

HttpClient::HttpClient(std::string host, uint16_t port, ClientOptions options)
    : state_(std::make_unique<State>()) {
  state_->host = std::move(host);
  state_->port = port;
  state_->options = options;
}

HttpClient::~HttpClient() = default;

Result<HttpResponse> HttpClient::Get(std::string_view target, const std::vector<Header>& headers) {
  return Send("GET", target, "", headers);
}

Result<HttpResponse> HttpClient::Post(std::string_view target, std::string_view body,
                                      std::string_view content_type,
                                      const std::vector<Header>& headers) {
  std::vector<Header> all = headers;
  all.push_back({"Content-Type", std::string(content_type)});
  return Send("POST", target, body, all);
}

Result<HttpResponse> HttpClient::Send(std::string_view method, std::string_view target,
                                      std::string_view body, const std::vector<Header>& headers) {
  try {
    bool kept = state_->stream.has_value();
    auto response = state_->Exchange(method, target, body, headers);
    bool again = kept && (method == "GET" || method == "HEAD") && !response &&
                 response.error().code == Code::kUnavailable;
    return again ? state_->Exchange(method, target, body, headers) : response;
  } catch (const std::exception& exception) {
    state_->stream.reset();
    return Fail(Code::kInvalidArgument, std::string("request not sent: ") + exception.what());
  }
}

Result<HttpResponse> HttpClient::Download(std::string_view target,
                                          const std::vector<Header>& headers,
                                          const PieceSink& sink) {
  try {
    QUERN_TRY(state_->SendRequest("GET", target, "", headers));
    return state_->Stream(sink);
  } catch (const std::exception& exception) {
    state_->stream.reset();
    return Fail(Code::kInvalidArgument, std::string("request not sent: ") + exception.what());
  }
}

}  // namespace quern::net
