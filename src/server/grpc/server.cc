#include "server/grpc/server.h"

#include <absl/synchronization/mutex.h>
#include <google/protobuf/stubs/logging.h>
#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/server_posix.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <limits>
#include <mutex>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/parallel.h"
#include "base/time.h"
#include "net/tcp_listener.h"
#include "net/tls_relay.h"
#include "server/grpc/calls.h"

namespace grpc_core {
/// Of the library: exported, but in none of the headers that it installs
/// (src/core/lib/surface/server.h of gRPC 1.51). docs/adr/0012 says why it is needed.
class Server {
 public:
  /// Every client is told to finish what it has begun here, and to begin nothing more.
  void SendGoaways();
};
}  // namespace grpc_core

namespace quern::server::grpc {
namespace {

/// What gRPC has to say goes where our own words go.
void LogOfLibrary(gpr_log_func_args* line) {
  if (line->severity < GPR_LOG_SEVERITY_ERROR) return;
  Log(LogLevel::kWarning, std::string("gRPC: ") + line->message);
}

void PrepareLibrary() {
  static std::once_flag once;
  std::call_once(once, [] {
    gpr_set_log_function(LogOfLibrary);
    // Debian's build looks for cycles at each lock: 4 of 100 us.
    absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
    // A client that sends what is no UTF-8 hears of it; it writes no lines on standard error.
    google::protobuf::SetLogHandler(nullptr);
  });
}

class Server : public Front {
  /// So long nothing came to a server that everybody was asked to leave.
  static constexpr std::chrono::milliseconds kQuiet{200};
  /// Seconds for what is still on its way to clients through TLS.
  static constexpr double kLastWords = 3;

 public:
  Server(const FrontPlace& place, GrpcOptions options)
      : core_{place, options, Admission(place.http.bearer_tokens),
              {},    {},      Workers(WorkersOf(options), options.max_queue)} {}
  ~Server() override { Stop(); }

  Status Start() {
    PrepareLibrary();
    const GrpcOptions& options = core_.options;
    const net::ServerOptions& http = core_.place.http;
    if (!http.tls_certificate.empty()) {
      QUERN_ASSIGN(tls_, net::TlsContext::Load(http.tls_certificate, http.tls_key,
                                               net::TlsProtocol::kHttp2));
    }
    QUERN_ASSIGN(listener_, net::TcpListener::Open(options.host, options.port));
    ::grpc::ServerBuilder builder;
    builder.RegisterService(&core_.service);
    builder.RegisterAsyncGenericService(&core_.others);
    SetLimits(&builder);
    const size_t threads =
        options.threads > 0 ? options.threads : std::max<size_t>(1, AvailableCores() / 2);
    for (size_t i = 0; i < threads; ++i) {
      queues_.push_back(std::make_unique<Queue>(core_, builder.AddCompletionQueue()));
    }
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) return Fail(Code::kInternal, "gRPC's server did not start");
    if (tls_ != nullptr) QUERN_TRY(StartRelays(threads));
    for (const auto& queue : queues_) queue->Start();
    listener_->Start([this](int connection) { Greet(connection); });
    return {};
  }

  std::string url() const override {
    const std::string& host = core_.options.host;
    const bool v6 = host.find(':') != std::string::npos;
    return (tls_ != nullptr ? "grpcs://" : "grpc://") + (v6 ? "[" + host + "]" : host) + ":" +
           std::to_string(listener_->port());
  }

  size_t inflight() const override { return core_.active.load(); }

  void ModelsChanged() override {
    for (const auto& queue : queues_) queue->ModelsChanged();
  }

  void Stop() override {
    if (core_.stopping.exchange(true)) return;
    if (server_ != nullptr) {
      ModelsChanged();
      const auto end =
          std::chrono::steady_clock::now() +
          std::chrono::milliseconds(static_cast<int64_t>(core_.options.drain_timeout * 1000));
      Drain(end);
      for (const auto& queue : queues_) queue->CancelStreams();
      const auto left = end - std::chrono::steady_clock::now();
      server_->Shutdown(std::chrono::system_clock::now() +
                        std::max<std::chrono::steady_clock::duration>(left, kQuiet));
    }
    core_.workers.Finish();
    for (const auto& queue : queues_) queue->Close();
    // One wait for all of them.
    const double last = MonotonicSeconds() + kLastWords;
    for (const auto& relay : relays_) relay->Finish(std::max(0.0, last - MonotonicSeconds()));
  }

 private:
  /// The library is linked without TLS (docs/adr/0012): ours stands in front of it.
  Status StartRelays(size_t threads) {
    for (size_t i = 0; i < threads; ++i) {
      QUERN_ASSIGN(auto relay, net::TlsRelay::Start(*tls_, [this](int plain) {
                     ::grpc::AddInsecureChannelFromFd(server_.get(), plain);
                   }));
      relays_.push_back(std::move(relay));
    }
    return {};
  }
  /// On the listener's thread.
  void Greet(int connection) {
    if (relays_.empty()) return ::grpc::AddInsecureChannelFromFd(server_.get(), connection);
    relays_[next_relay_++ % relays_.size()]->Take(UniqueFd(connection));
  }

  static size_t WorkersOf(const GrpcOptions& options) {
    return options.workers > 0 ? options.workers : std::max<size_t>(4, 2 * AvailableCores());
  }

  /// On a thread of the library, as what is called expects: those that alarms ring on.
  void AskToLeave() {
    auto* server = reinterpret_cast<grpc_core::Server*>(server_->c_server());
    // Shared: the waiting thread may be gone before set_value() has returned.
    const auto asked = std::make_shared<std::promise<void>>();
    ::grpc::Alarm alarm;
    alarm.Set(std::chrono::system_clock::now(), [server, asked](bool) {
      server->SendGoaways();
      asked->set_value();
    });
    asked->get_future().wait();
  }

  /// A call that reaches a server after its Shutdown() is lost. So nobody may come any more, those
  /// who are there are asked to go, and Shutdown() waits until all is quiet.
  void Drain(std::chrono::steady_clock::time_point end) {
    listener_->Close();
    for (const auto& relay : relays_) relay->Close();
    AskToLeave();
    auto quiet_since = std::chrono::steady_clock::now();
    while (true) {
      const auto now = std::chrono::steady_clock::now();
      if (core_.active.load() > 0) quiet_since = now;
      if (now >= end || now - quiet_since >= kQuiet) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }

  void SetLimits(::grpc::ServerBuilder* builder) const {
    builder->SetMaxReceiveMessageSize(static_cast<int>(core_.options.max_message));
    builder->SetMaxSendMessageSize(-1);
    // Decompressed by us, with a bound: a small message can hold a huge one.
    builder->AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
    builder->AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 1024);
    // Nobody can ask for what it would count of each call.
    builder->AddChannelArgument(GRPC_ARG_ENABLE_CHANNELZ, 0);
    // A peer that is gone without a word is noticed.
    builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
    builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  }

  Core core_;
  std::unique_ptr<net::TcpListener> listener_;
  std::vector<std::unique_ptr<Queue>> queues_;
  // Ends before the queues that it fills.
  std::unique_ptr<::grpc::Server> server_;
  std::unique_ptr<net::TlsContext> tls_;
  std::vector<std::unique_ptr<net::TlsRelay>> relays_;
  size_t next_relay_ = 0;
};

}  // namespace

FrontMaker GrpcFront(GrpcOptions options) {
  // The library and protobuf count a message's bytes in an int.
  options.max_message = std::min<size_t>(options.max_message, std::numeric_limits<int>::max());
  return [options = std::move(options)](const FrontPlace& place) -> Result<std::unique_ptr<Front>> {
    auto server = std::make_unique<Server>(place, options);
    QUERN_TRY(server->Start());
    return server;
  };
}

}  // namespace quern::server::grpc
