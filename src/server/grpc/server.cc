#include "server/grpc/server.h"

#include <grpcpp/alarm.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server_posix.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <limits>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "base/parallel.h"
#include "inference/inference.grpc.pb.h"
#include "net/tcp_listener.h"
#include "server/grpc/answer.h"
#include "server/grpc/describe.h"
#include "server/grpc/workers.h"
#include "server/http/respond.h"

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

using ::grpc::ByteBuffer;
using ::grpc::ServerCompletionQueue;
using ::grpc::ServerContext;
using Writer = ::grpc::ServerAsyncResponseWriter<ByteBuffer>;
using Stream = ::grpc::ServerAsyncReaderWriter<ByteBuffer, ByteBuffer>;
using Base = ::inference::GRPCInferenceService;

/// All methods give their bytes: a request is decompressed with a bound, and parsed into memory
/// that is used again.
class Service
    : public Base::WithRawMethod_ServerLive<Base::WithRawMethod_ServerReady<
          Base::WithRawMethod_ModelReady<Base::WithRawMethod_ServerMetadata<
              Base::WithRawMethod_ModelMetadata<Base::WithRawMethod_ModelInfer<
                  Base::WithRawMethod_ModelStreamInfer<Base::WithRawMethod_ModelConfig<
                      Base::WithRawMethod_ModelStatistics<Base::WithRawMethod_RepositoryIndex<
                          Base::WithRawMethod_RepositoryModelLoad<
                              Base::WithRawMethod_RepositoryModelUnload<Base::Service>>>>>>>>>>>> {
 public:
  /// Asks for the next call of a unary method.
  void Accept(Method method, ServerContext* call, ByteBuffer* request, Writer* writer,
              ServerCompletionQueue* queue, void* tag) {
#define QUERN_ACCEPT(name) \
  case Method::k##name:    \
    return Request##name(call, request, writer, queue, queue, tag);
    switch (method) {
      QUERN_ACCEPT(ModelInfer)
      QUERN_ACCEPT(ServerLive)
      QUERN_ACCEPT(ServerReady)
      QUERN_ACCEPT(ModelReady)
      QUERN_ACCEPT(ServerMetadata)
      QUERN_ACCEPT(ModelMetadata)
      QUERN_ACCEPT(ModelConfig)
      QUERN_ACCEPT(ModelStatistics)
      QUERN_ACCEPT(RepositoryIndex)
      QUERN_ACCEPT(RepositoryModelLoad)
      QUERN_ACCEPT(RepositoryModelUnload)
    }
#undef QUERN_ACCEPT
  }
};

::grpc::Status ToStatus(const Error& error) {
  return {static_cast<::grpc::StatusCode>(error.code), PublicMessage(error)};
}

ByteBuffer Serialize(Message message) {
  ::grpc::Slice slice(message->ByteSizeLong());
  message->SerializeWithCachedSizesToArray(const_cast<uint8_t*>(slice.begin()));
  return {&slice, 1};
}

/// The bytes of a request in one piece, as long as this lives.
class Whole {
 public:
  explicit Whole(ByteBuffer& bytes)
      : ok_(bytes.TrySingleSlice(&slice_).ok() || bytes.DumpToSingleSlice(&slice_).ok()) {}
  std::string_view text() const {
    return ok_ ? std::string_view(reinterpret_cast<const char*>(slice_.begin()), slice_.size())
               : std::string_view();
  }

 private:
  ::grpc::Slice slice_;
  bool ok_;
};

/// What all calls share.
struct Core {
  const ServingContext& context;
  const GrpcOptions options;
  Service service;
  Workers workers;
  std::atomic<bool> stopping{false};
  /// Unary calls that were taken and are not answered yet.
  std::atomic<size_t> active{0};

  Job JobOf(const Whole& request, const CallTimes& times) const {
    return {context, request.text(), options.max_message, times};
  }
  /// Runs `work` here, or on a worker if it may take long; false if none has room for it. Of a
  /// message only its length is known yet: as many elements at most.
  template <class Work>
  bool RunOrPost(Method method, const ByteBuffer& request, Work work) {
    const bool slow = method == Method::kModelInfer ? context.inference.MayBlock(request.Length())
                                                    : method == Method::kRepositoryModelLoad ||
                                                          method == Method::kRepositoryModelUnload;
    if (slow) return workers.Post(work);
    work();
    return true;
  }
};

CallTimes TimesOf(const ServerContext& call) {
  CallTimes times;
  times.arrived = MonotonicSeconds();
  const auto deadline = call.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return times;
  const std::chrono::duration<double> left = deadline - std::chrono::system_clock::now();
  times.deadline = times.arrived + left.count();
  return times;
}

Error Overloaded() {
  return {Code::kUnavailable, "the server is overloaded", "try again a little later", {}, {}};
}

/// What a completion queue gives back.
class Event {
 public:
  virtual ~Event() = default;
  virtual void Done(bool ok) = 0;
};

class Queue;

/// One unary call after the other. Its queue's thread alone calls Done().
class UnaryCall : public Event {
 public:
  UnaryCall(Core& core, Queue& queue, Method method)
      : core_(core), queue_(queue), method_(method) {}
  void Accept(ServerCompletionQueue* completions) {
    accepted_ = false;
    writer_.reset();
    call_.emplace();
    writer_.emplace(&*call_);
    core_.service.Accept(method_, &*call_, &request_, &*writer_, completions, this);
  }
  void Done(bool ok) override;

 private:
  void Answer(const CallTimes& times) {
    const Whole request(request_);
    const auto answer = AnswerUnary(method_, core_.JobOf(request, times));
    request_.Clear();
    if (!answer) return Fail(answer.error());
    writer_->Finish(Serialize(*answer), ::grpc::Status::OK, this);
  }
  void Fail(const Error& error) {
    // Clients with a retry policy wait that long.
    if (error.code == Code::kUnavailable) {
      call_->AddTrailingMetadata("grpc-retry-pushback-ms", "1000");
    }
    writer_->FinishWithError(ToStatus(error), this);
  }

  Core& core_;
  Queue& queue_;
  const Method method_;
  bool accepted_ = false;
  std::optional<ServerContext> call_;
  std::optional<Writer> writer_;
  ByteBuffer request_;
};

/// One stream: its requests are answered in turn.
class StreamCall : public Event {
 public:
  StreamCall(Core& core, Queue& queue) : core_(core), queue_(queue) {}
  void Accept(ServerCompletionQueue* completions) {
    stream_.emplace(&call_);
    core_.service.RequestModelStreamInfer(&call_, &*stream_, completions, completions, this);
  }
  void Cancel() { call_.TryCancel(); }
  void Done(bool ok) override;

 private:
  enum class State { kAccepting, kReading, kWriting, kFinishing };
  void Read();
  void Finish(const ::grpc::Status& status) {
    state_ = State::kFinishing;
    stream_->Finish(status, this);
  }
  void Answer(const CallTimes& times) {
    const Whole request(request_);
    const ByteBuffer answer = Serialize(AnswerStreamed(core_.JobOf(request, times)));
    request_.Clear();
    stream_->Write(answer, this);
  }

  Core& core_;
  Queue& queue_;
  State state_ = State::kAccepting;
  ServerContext call_;
  std::optional<Stream> stream_;
  ByteBuffer request_;
};

/// A completion queue, its thread, and the calls that it is ready for.
class Queue {
 public:
  Queue(Core& core, std::unique_ptr<ServerCompletionQueue> completions)
      : core_(core), completions_(std::move(completions)) {}

  void Start() {
    for (size_t i = 0; i < kReadyForInfer; ++i) Arm(Method::kModelInfer);
    for (size_t i = 1; i < kMethods; ++i) Arm(static_cast<Method>(i));
    ArmStream();
    thread_ = std::thread([this] {
      void* tag = nullptr;
      bool ok = false;
      while (completions_->Next(&tag, &ok)) static_cast<Event*>(tag)->Done(ok);
    });
  }
  /// Ready for one more call of the method.
  void Arm(Method method) {
    MutexLock lock(mutex_);
    if (closed_) return;
    auto& idle = idle_[static_cast<size_t>(method)];
    if (idle.empty()) {
      calls_.push_back(std::make_unique<UnaryCall>(core_, *this, method));
      idle.push_back(calls_.back().get());
    }
    UnaryCall* call = idle.back();
    idle.pop_back();
    call->Accept(completions_.get());
  }
  void ArmStream() {
    MutexLock lock(mutex_);
    if (closed_) return;
    streams_.push_back(std::make_unique<StreamCall>(core_, *this));
    streams_.back()->Accept(completions_.get());
  }
  void Release(UnaryCall* call, Method method) {
    MutexLock lock(mutex_);
    idle_[static_cast<size_t>(method)].push_back(call);
  }
  void Release(StreamCall* call) {
    MutexLock lock(mutex_);
    std::erase_if(streams_, [&](const auto& one) { return one.get() == call; });
  }
  /// A stream waits for its client, or no longer does.
  void Waits(StreamCall* call, bool waits) {
    MutexLock lock(mutex_);
    if (!waits) {
      reading_.erase(call);
      return;
    }
    reading_.insert(call);
    if (core_.stopping.load()) call->Cancel();
  }
  void CancelStreams() {
    MutexLock lock(mutex_);
    for (StreamCall* call : reading_) call->Cancel();
  }
  /// After this nothing may be asked of gRPC.
  void Close() {
    {
      MutexLock lock(mutex_);
      closed_ = true;
      completions_->Shutdown();
    }
    if (thread_.joinable()) thread_.join();
  }
  bool closed() {
    MutexLock lock(mutex_);
    return closed_;
  }

 private:
  static constexpr size_t kReadyForInfer = 32;
  Core& core_;
  std::unique_ptr<ServerCompletionQueue> completions_;
  Mutex mutex_;
  bool closed_ QUERN_GUARDED_BY(mutex_) = false;
  std::vector<std::unique_ptr<UnaryCall>> calls_ QUERN_GUARDED_BY(mutex_);
  std::array<std::vector<UnaryCall*>, kMethods> idle_ QUERN_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<StreamCall>> streams_ QUERN_GUARDED_BY(mutex_);
  std::set<StreamCall*> reading_ QUERN_GUARDED_BY(mutex_);
  std::thread thread_;
};

void UnaryCall::Done(bool ok) {
  if (accepted_) core_.active.fetch_sub(1);
  if (accepted_ || !ok || queue_.closed()) {  // answered, or the server stops
    writer_.reset();
    call_.reset();
    return queue_.Release(this, method_);
  }
  accepted_ = true;
  core_.active.fetch_add(1);
  queue_.Arm(method_);
  const CallTimes times = TimesOf(*call_);
  if (!core_.RunOrPost(method_, request_, [this, times] { Answer(times); })) Fail(Overloaded());
}

void StreamCall::Read() {
  state_ = State::kReading;
  stream_->Read(&request_, this);
  queue_.Waits(this, true);
}

void StreamCall::Done(bool ok) {
  switch (state_) {
    case State::kAccepting:
      if (!ok || queue_.closed()) return;
      queue_.ArmStream();
      return Read();
    case State::kReading: {
      queue_.Waits(this, false);
      if (!ok) return Finish(::grpc::Status::OK);  // the client has sent its last request
      state_ = State::kWriting;
      const CallTimes times = TimesOf(call_);
      if (!core_.RunOrPost(Method::kModelInfer, request_, [this, times] { Answer(times); })) {
        Finish(ToStatus(Overloaded()));
      }
      return;
    }
    case State::kWriting:
      return ok ? Read() : Finish(::grpc::Status::CANCELLED);
    case State::kFinishing:
      return queue_.Release(this);
  }
}

/// What gRPC has to say goes where our own words go.
void LogOfLibrary(gpr_log_func_args* line) {
  if (line->severity < GPR_LOG_SEVERITY_ERROR) return;
  Log(LogLevel::kWarning, std::string("gRPC: ") + line->message);
}

void PrepareLibrary() {
  static std::once_flag once;
  std::call_once(once, [] {
    gpr_set_log_function(LogOfLibrary);
    ::grpc::EnableDefaultHealthCheckService(true);
    ::grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
}

class Server : public Front {
  /// So long nothing came to a server that everybody was asked to leave.
  static constexpr std::chrono::milliseconds kQuiet{200};

 public:
  Server(const ServingContext& context, GrpcOptions options)
      : core_{context, options, {}, Workers(WorkersOf(options), options.max_queue)} {}
  ~Server() override { Stop(); }

  Status Start() {
    PrepareLibrary();
    const GrpcOptions& options = core_.options;
    QUERN_ASSIGN(listener_, net::TcpListener::Open(options.host, options.port));
    ::grpc::ServerBuilder builder;
    builder.RegisterService(&core_.service);
    SetLimits(&builder);
    const size_t threads =
        options.threads > 0 ? options.threads : std::max<size_t>(1, AvailableCores() / 2);
    for (size_t i = 0; i < threads; ++i) {
      queues_.push_back(std::make_unique<Queue>(core_, builder.AddCompletionQueue()));
    }
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) return Fail(Code::kInternal, "gRPC's server did not start");
    for (const auto& queue : queues_) queue->Start();
    ModelsChanged();
    listener_->Start(
        [this](int connection) { ::grpc::AddInsecureChannelFromFd(server_.get(), connection); });
    return {};
  }

  std::string url() const override {
    const std::string& host = core_.options.host;
    const bool v6 = host.find(':') != std::string::npos;
    return "grpc://" + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(listener_->port());
  }

  void ModelsChanged() override {
    MutexLock lock(health_);
    const bool ready = !core_.stopping.load() && IsReady(core_.context);
    server_->GetHealthCheckService()->SetServingStatus(ready);
    server_->GetHealthCheckService()->SetServingStatus(Base::service_full_name(), ready);
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
  }

 private:
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
    // A peer that is gone without a word is noticed.
    builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
    builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
    // Reflection is the one service with threads of gRPC's own.
    builder->SetSyncServerOption(::grpc::ServerBuilder::SyncServerOption::NUM_CQS, 1);
    builder->SetSyncServerOption(::grpc::ServerBuilder::SyncServerOption::MIN_POLLERS, 1);
    builder->SetSyncServerOption(::grpc::ServerBuilder::SyncServerOption::MAX_POLLERS, 1);
  }

  Core core_;
  Mutex health_;
  std::unique_ptr<net::TcpListener> listener_;
  std::vector<std::unique_ptr<Queue>> queues_;
  // Ends before the queues that it fills.
  std::unique_ptr<::grpc::Server> server_;
};

}  // namespace

FrontMaker GrpcFront(GrpcOptions options) {
  // The library and protobuf count a message's bytes in an int.
  options.max_message = std::min<size_t>(options.max_message, std::numeric_limits<int>::max());
  return [options =
              std::move(options)](const ServingContext& context) -> Result<std::unique_ptr<Front>> {
    auto server = std::make_unique<Server>(context, options);
    QUERN_TRY(server->Start());
    return server;
  };
}

}  // namespace quern::server::grpc
