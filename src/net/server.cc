#include <algorithm>
#include <atomic>
#include <future>
#include <thread>
#include <utility>
#include <vector>

#include "base/parallel.h"
#include "net/http.h"
#include "net/listener.h"
#include "net/server_core.h"
#include "net/server_loop.h"

namespace quern::net {
namespace {

constexpr size_t kMinThreads = 4;

}  // namespace

struct HttpServer::State {
  State(ServerOptions options, Handler handler, ErrorRenderer on_error)
      : core(std::move(options), std::move(handler), std::move(on_error)), loops(MakeLoops(core)) {}

  static std::vector<std::unique_ptr<ServerLoop>> MakeLoops(ServerCore& core) {
    std::vector<std::unique_ptr<ServerLoop>> loops;
    const size_t count = core.options().loops > 0 ? core.options().loops : AvailableCores();
    for (size_t i = 0; i < count; ++i) loops.push_back(std::make_unique<ServerLoop>(core, i));
    return loops;
  }

  Status LoadTls() {
    const std::string& certificate = core.options().tls_certificate;
    const std::string& key = core.options().tls_key;
    if (certificate.empty() && key.empty()) return {};
    if (certificate.empty() || key.empty()) {
      return Fail(Code::kInvalidArgument,
                  std::string("HTTPS needs a certificate and its key, and the ") +
                      (key.empty() ? "key" : "certificate") + " is missing",
                  "name both files, or neither for plain HTTP");
    }
    QUERN_ASSIGN(auto tls, TlsContext::Load(certificate, key));
    core.set_tls(std::move(tls));
    return {};
  }

  /// The loop with the fewest connections gets the next one: a kernel that spreads them by a hash
  /// (SO_REUSEPORT) leaves a loop idle when they are few.
  void Take(UniqueFd socket) {
    const bool fits = core.Enter();
    size_t best = next_++ % loops.size();
    for (size_t i = 0; i < loops.size(); ++i) {
      if (loops[i]->load() < loops[best]->load()) best = i;
    }
    loops[best]->Add(std::move(socket), !fits);
  }

  void Stop() {
    if (!started || !core.BeginStop()) return;
    std::promise<void> finished;
    loops[0]->events().Post([&] {
      listener.Finish();
      finished.set_value();
    });
    finished.get_future().wait();
    for (auto& loop : loops) loop->Drain();
    core.WaitUntilLeft(core.options().drain_timeout);
    core.workers().Stop();
    for (auto& loop : loops) loop->End();
    for (std::thread& thread : threads) thread.join();
    threads.clear();
  }

  ServerCore core;
  std::vector<std::unique_ptr<ServerLoop>> loops;
  size_t next_ = 0;
  Listener listener{loops[0]->events(), [this](UniqueFd socket) { Take(std::move(socket)); }};
  std::vector<std::thread> threads;
  std::atomic<bool> started{false};
};

HttpServer::HttpServer(ServerOptions options, Handler handler, ErrorRenderer on_error)
    : state_(std::make_unique<State>(std::move(options), std::move(handler), std::move(on_error))) {
}

HttpServer::~HttpServer() { Stop(); }

Result<uint16_t> HttpServer::Start() {
  QUERN_TRY(state_->LoadTls());
  for (auto& loop : state_->loops) QUERN_TRY(loop->Open());
  const ServerOptions& options = state_->core.options();
  QUERN_ASSIGN(const uint16_t port, state_->listener.Listen(options.host, options.port));
  QUERN_TRY(state_->listener.Start());
  size_t threads = options.threads;
  if (threads == 0) threads = std::max(kMinThreads, 2 * AvailableCores());
  state_->core.workers().Start(threads);
  for (auto& loop : state_->loops) {
    state_->threads.emplace_back([&loop] { loop->Run(); });
  }
  state_->started.store(true);
  return port;
}

void HttpServer::Stop() { state_->Stop(); }
size_t HttpServer::inflight() const { return state_->core.inflight(); }

}  // namespace quern::net
