#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <csignal>
#include <exception>
#include <new>
#include <thread>
#include <unordered_map>

#include "base/log.h"
#include "base/mutex.h"
#include "base/parallel.h"
#include "net/connection.h"

namespace quern::net {
namespace asio = boost::asio;
using Tcp = asio::ip::tcp;

namespace {

constexpr size_t kMinThreads = 4;
thread_local size_t thread_index = 0;
constexpr auto kAcceptBackOff = std::chrono::milliseconds(100);

Code CodeOf(const boost::system::error_code& error) {
  if (error == asio::error::access_denied) return Code::kPermissionDenied;
  return Code::kUnavailable;
}

}  // namespace

struct HttpServer::State : ConnectionHost, std::enable_shared_from_this<HttpServer::State> {
  State(ServerOptions options, Handler handler, ErrorRenderer on_error)
      : options_(std::move(options)),
        handler_(std::move(handler)),
        on_error_(std::move(on_error)) {}

  const ServerOptions& options() const override { return options_; }
  bool stopping() const override { return stopping_.load(); }
  HttpResponse RenderError(int status, std::string_view message) override {
    return on_error_(status, message);
  }

  HttpResponse Handle(const HttpRequest& request) override {
    inflight_.fetch_add(1);
    HttpResponse response;
    try {
      if (!AnswerInline(request, &response)) response = handler_(request);
    } catch (const std::bad_alloc&) {
      response = on_error_(503, "not enough memory for this request");
    } catch (const std::exception& exception) {
      Log(LogLevel::kError, std::string("request handler: ") + exception.what());
      response = on_error_(500, "internal error");
    }
    inflight_.fetch_sub(1);
    return response;
  }

  /// False: the general handler's. The answers of one request are a wake-up of their own here.
  bool AnswerInline(const HttpRequest& request, HttpResponse* response) {
    if (!options_.inline_handler || request.sink || request.body_error ||
        request.body.size() > options_.inline_max_body) {
      return false;
    }
    static thread_local ResponseWriter writer;
    std::vector<HeaderView> headers;
    for (const Header& header : request.headers) headers.push_back({header.name, header.value});
    writer.Reset();
    RequestView view{request.method, request.path, request.query,
                     headers,        request.body, thread_index};
    if (!options_.inline_handler(view, writer)) return false;
    if (options_.after_wakeup) {
      if (Status done = options_.after_wakeup(thread_index); !done) {
        *response = on_error_(503, done.error().message);
        return true;
      }
    }
    response->status = writer.status();
    response->content_type = writer.content_type();
    response->body = writer.body();
    std::string_view lines = writer.header_lines();
    while (!lines.empty()) {
      std::string_view line = lines.substr(0, lines.find("\r\n"));
      size_t colon = line.find(": ");
      response->headers.push_back(
          {std::string(line.substr(0, colon)), std::string(line.substr(colon + 2))});
      lines.remove_prefix(line.size() + 2);
    }
    return true;
  }

  Result<std::shared_ptr<BodySink>> OpenSink(const HttpRequest& head) override {
    if (!options_.body_hook) return std::shared_ptr<BodySink>();
    try {
      return options_.body_hook(head);
    } catch (const std::exception& exception) {
      return Fail(Code::kInternal, std::string("body hook: ") + exception.what());
    }
  }

  void Closed(Connection* connection) override {
    MutexLock lock(mutex_);
    connections_.erase(connection);
    if (connections_.empty()) all_closed_.notify_all();
  }

  Result<uint16_t> Listen() {
    boost::system::error_code error;
    std::string host = options_.host == "localhost" ? "127.0.0.1" : options_.host;
    auto address = asio::ip::make_address(host, error);
    if (error) {
      return Fail(Code::kInvalidArgument, "'" + options_.host + "' is not an IP address",
                  "for example 127.0.0.1 (this machine alone) or 0.0.0.0 (every network)");
    }
    Tcp::endpoint endpoint(address, options_.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(Tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return Fail(CodeOf(error),
                  "cannot listen on " + options_.host + ":" + std::to_string(options_.port) + ": " +
                      error.message(),
                  "choose another port; 0 takes a free one");
    }
    return acceptor_.local_endpoint().port();
  }

  void Accept() {
    acceptor_.async_accept(
        asio::make_strand(io_),
        [self = shared_from_this()](boost::system::error_code error, Tcp::socket socket) {
          self->OnAccept(error, std::move(socket));
        });
  }

  void OnAccept(boost::system::error_code error, Tcp::socket socket) {
    if (stopping_.load() || error == asio::error::operation_aborted) return;
    if (error) {
      // Out of descriptors or memory: wait for some to come back rather than spin.
      back_off_.expires_after(kAcceptBackOff);
      back_off_.async_wait([self = shared_from_this()](boost::system::error_code) {
        if (!self->stopping_.load()) self->Accept();
      });
      return;
    }
    auto connection = std::make_shared<Connection>(std::move(socket), shared_from_this());
    bool full = false;
    {
      MutexLock lock(mutex_);
      full = connections_.size() >= options_.max_connections;
      connections_.emplace(connection.get(), connection);
    }
    if (full) {
      connection->StartRefusing(503, "too many open connections");
    } else {
      connection->Start();
    }
    Accept();
  }

  void Run() {
    // sendfile(2) has no MSG_NOSIGNAL: a client that went away must not end the program.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    for (;;) {
      try {
        io_.run();
        return;
      } catch (const std::exception& exception) {
        Log(LogLevel::kError, std::string("http server: ") + exception.what());
      }
    }
  }

  void Stop() {
    if (!started_.load() || stopping_.exchange(true)) return;
    asio::post(io_, [self = shared_from_this()] {
      boost::system::error_code ignored;
      self->acceptor_.close(ignored);
      self->back_off_.cancel();
    });
    for (auto& connection : Open()) connection->Drain();
    {
      std::unique_lock lock(mutex_.native());
      all_closed_.wait_for(lock, std::chrono::duration<double>(options_.drain_timeout),
                           [this] { return connections_.empty(); });
    }
    io_.stop();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    // Requests beyond the drain timeout still hold their connections: cut these, so that all is
    // freed.
    for (auto& connection : Open()) connection->Close();
    io_.restart();
    io_.poll();
  }

  std::vector<std::shared_ptr<Connection>> Open() {
    std::vector<std::shared_ptr<Connection>> open;
    MutexLock lock(mutex_);
    for (auto& [raw, weak] : connections_) {
      if (auto connection = weak.lock()) open.push_back(std::move(connection));
    }
    return open;
  }

  ServerOptions options_;
  Handler handler_;
  ErrorRenderer on_error_;
  asio::io_context io_;
  Tcp::acceptor acceptor_{io_};
  asio::steady_timer back_off_{io_};
  std::vector<std::thread> threads_;
  std::atomic<bool> started_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<size_t> inflight_{0};
  Mutex mutex_;
  std::condition_variable all_closed_;
  std::unordered_map<Connection*, std::weak_ptr<Connection>> connections_ QUERN_GUARDED_BY(mutex_);
};

HttpServer::HttpServer(ServerOptions options, Handler handler, ErrorRenderer on_error)
    : state_(std::make_shared<State>(std::move(options), std::move(handler), std::move(on_error))) {
}

HttpServer::~HttpServer() { Stop(); }

Result<uint16_t> HttpServer::Start() {
  QUERN_ASSIGN(uint16_t port, state_->Listen());
  size_t threads = state_->options_.threads;
  if (threads == 0) threads = std::max(kMinThreads, 2 * AvailableCores());
  state_->started_.store(true);
  state_->Accept();
  for (size_t i = 0; i < threads; ++i) {
    state_->threads_.emplace_back([state = state_.get(), i] {
      thread_index = i;
      state->Run();
    });
  }
  return port;
}

void HttpServer::Stop() { state_->Stop(); }
size_t HttpServer::inflight() const { return state_->inflight_.load(); }

}  // namespace quern::net
