#include "net/server_loop.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/log.h"
#include "net/connection.h"
#include "net/sigpipe.h"

namespace quern::net {
namespace {

constexpr double kLingerSeconds = 2;
constexpr double kAcceptBackOffSeconds = 0.1;

Timers::Seconds WaitsOf(const ServerOptions& options) {
  Timers::Seconds seconds{};
  const auto set = [&](Wait wait, double length) { seconds[static_cast<size_t>(wait)] = length; };
  set(Wait::kHandshake, options.header_timeout);
  set(Wait::kHeader, options.header_timeout);
  set(Wait::kBody, options.body_timeout);
  set(Wait::kIdle, options.idle_timeout);
  set(Wait::kWrite, options.write_timeout);
  set(Wait::kStall, options.stall_timeout);
  set(Wait::kLinger, kLingerSeconds);
  set(Wait::kBackOff, kAcceptBackOffSeconds);
  set(Wait::kAgain, options.again_delay);
  return seconds;
}

}  // namespace

ServerLoop::ServerLoop(ServerCore& core, size_t index)
    : core_(core), index_(index), events_(WaitsOf(core.options())) {}

ServerLoop::~ServerLoop() {
  // What was handed over and not received holds a socket.
  events_.DropMessages();
  connections_.clear();
}

void ServerLoop::Run() {
  // OpenSSL writes without MSG_NOSIGNAL: a client that went away must not end the program.
  BlockSigpipe();
  events_.Run([this] { return OnWakeup(); });
}

void ServerLoop::Add(UniqueFd socket, bool full) {
  load_.fetch_add(1, std::memory_order_relaxed);
  // A std::function has to be copyable.
  auto held = std::make_shared<UniqueFd>(std::move(socket));
  events_.Post([this, held, full] { Adopt(std::move(*held), full); });
}

void ServerLoop::Adopt(UniqueFd socket, bool full) {
  std::unique_ptr<TlsStream> tls;
  if (core_.tls() != nullptr) {
    tls = core_.tls()->Accept(socket.get(), events_.wall_seconds());
    if (tls == nullptr) {
      load_.fetch_sub(1, std::memory_order_relaxed);
      return core_.Leave();
    }
  }
  auto connection =
      std::make_unique<Connection>(*this, Transport(std::move(socket), std::move(tls)));
  Connection* raw = connection.get();
  connections_.emplace(raw, std::move(connection));
  raw->Start(full);
}

void ServerLoop::Drain() {
  events_.Post([this] {
    std::vector<Connection*> open;
    for (const auto& [raw, owned] : connections_) open.push_back(raw);
    for (Connection* connection : open) connection->Drain();
  });
}

bool ServerLoop::Ask(const RequestHead& head, std::string_view body, size_t ticket) {
  const ServerOptions& options = core_.options();
  const uint64_t limit = std::min(options.inline_max_body, options.max_body);
  if (!options.inline_handler || body.size() > limit) return false;
  if (head.encoded()) {
    if (!inflate_.Run(body, head.content_encoding, limit, &plain_)) return false;
    body = plain_;
  }
  writer_.Reset();
  const RequestView view{head.method, head.path, head.query,       head.headers,
                         body,        index_,    events_.behind(), ticket};
  try {
    return options.inline_handler(view, writer_);
  } catch (const std::exception& exception) {
    Log(LogLevel::kError, std::string("inline request handler: ") + exception.what());
    const HttpResponse response = core_.RenderError(500, "internal error");
    writer_.Reset();
    writer_.SetStatus(response.status);
    writer_.SetContentType(response.content_type);
    writer_.body() = response.body;
    return true;
  }
}

void ServerLoop::AskAgainLater(Connection* connection) {
  to_ask_.push_back(connection);
  if (core_.options().again_delay > 0 && !again_.waits()) {
    events_.timers().Start(&again_, Wait::kAgain, events_.now());
  }
}

void ServerLoop::AskAgain() {
  const ServerOptions& options = core_.options();
  if (to_ask_.empty()) return;
  if (options.again_delay > 0 && !again_.due && to_ask_.size() < options.again_most) return;
  again_.Stop();
  again_.due = false;
  std::swap(to_ask_, asking_);
  if (options.before_again) options.before_again(index_);
  for (Connection* connection : asking_) connection->AskAgain();
  asking_.clear();
  if (options.after_again) options.after_again(index_);
}

bool ServerLoop::OnWakeup() {
  std::swap(to_resume_, resuming_);
  for (Connection* connection : resuming_) connection->Resume();
  resuming_.clear();
  AskAgain();
  if (held_) EndHold();
  // Sending may put a connection into to_resume_, but never back into to_send_.
  for (Connection* connection : to_send_) connection->SendNow();
  to_send_.clear();
  for (Connection* connection : buried_) {
    std::erase(to_resume_, connection);
    connections_.erase(connection);
    load_.fetch_sub(1, std::memory_order_relaxed);
    core_.Leave();
  }
  buried_.clear();
  // A request behind one that was asked again may have come to wait by then.
  return !to_resume_.empty() || (!to_ask_.empty() && core_.options().again_delay <= 0);
}

void ServerLoop::EndHold() {
  held_ = false;
  Status ended = core_.options().after_wakeup(index_);
  if (ended) {
    for (Connection* connection : to_send_) connection->EndHold(nullptr);
    return;
  }
  const HttpResponse error = core_.RenderError(503, ended.error().message);
  for (Connection* connection : to_send_) connection->EndHold(&error);
}

}  // namespace quern::net
