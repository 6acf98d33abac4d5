#include "server/grpc/calls.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "base/time.h"
#include "server/http/respond.h"
#include "server/observer.h"

namespace quern::server::grpc {
namespace {

::grpc::Status ToStatus(const Error& error) {
  return {static_cast<::grpc::StatusCode>(PublicCode(error)), PublicMessage(error)};
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

}  // namespace

bool Core::MayBlock(Method method, ByteBuffer& request) const {
  if (method != Method::kModelInfer) {
    return method == Method::kRepositoryModelLoad || method == Method::kRepositoryModelUnload;
  }
  return place.context.inference.MayBlock(request.Length()) || MayExplain(Whole(request).text());
}

namespace {

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

/// The metadata of a call as the headers of a request; valid until this thread asks again.
net::RequestView HeadersOf(const ServerContext& call) {
  static thread_local std::vector<net::HeaderView> headers;
  headers.clear();
  for (const auto& [name, value] : call.client_metadata()) {
    headers.push_back({{name.data(), name.size()}, {value.data(), value.size()}});
  }
  net::RequestView view;
  view.headers = headers;
  return view;
}

constexpr const char* kRequestId = "x-request-id";
constexpr const char* kTraceparent = "traceparent";

/// What is written down of one request, from here to End() on this thread.
class Watched {
 public:
  Watched(Core& core, std::string_view path, const net::RequestView& headers)
      : observer_(core.place.observer),
        request_id_(headers.Find(kRequestId)),
        began_(observer_.Begin(headers.Find(kTraceparent))),
        path_(path) {}

  void End(std::optional<Code> failed, size_t bytes) {
    Observer::Seen seen;
    seen.protocol = Protocol::kGrpc;
    seen.method = "POST";
    seen.path = path_;
    seen.request_id = request_id_;
    seen.status = failed ? HttpStatus(*failed) : 200;
    seen.code = failed ? static_cast<int>(*failed) : 0;
    seen.bytes = bytes;
    observer_.End(began_, seen);
  }
  /// As HTTP does by headers: whose request it was, in which trace, and what a release says of it.
  void Tell(const Told& told, ServerContext* call) const {
    std::array<char, kTraceparentBytes> room{};
    const auto add = [&](const char* name, std::string_view text) {
      // Metadata that is not printable ends the call.
      if (!text.empty()) call->AddTrailingMetadata(name, Printable(text));
    };
    add(kRequestId, request_id_);
    add(kTraceparent, observer_.Trace(began_, room));
    add("x-quern-model", told.model);
    add("x-quern-version", told.version);
    add("x-quern-route", told.route);
  }

 private:
  Observer& observer_;
  std::string_view request_id_;
  Observer::Inline began_;
  std::string_view path_;
};

constexpr std::string_view kStreamPath = "/inference.GRPCInferenceService/ModelStreamInfer";

}  // namespace

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
  void Answer(const CallTimes& times);
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
  void Answer(const CallTimes& times);

  Core& core_;
  Queue& queue_;
  State state_ = State::kAccepting;
  ServerContext call_;
  std::optional<Stream> stream_;
  ByteBuffer request_;
};

void UnaryCall::Answer(const CallTimes& times) {
  const Whole request(request_);
  const net::RequestView headers = HeadersOf(*call_);
  Watched watched(core_, PathOf(method_), headers);
  const Answered answered = AnswerUnary(
      method_,
      {core_.place.context, request.text(), core_.options.max_message, times, headers.headers});
  watched.Tell(answered.told, &*call_);
  if (!answered.message) {
    watched.End(PublicCode(answered.message.error()), 0);
    request_.Clear();
    return Fail(answered.message.error());
  }
  const ByteBuffer answer = Serialize(*answered.message);
  watched.End(std::nullopt, answer.Length());
  request_.Clear();
  writer_->Finish(answer, ::grpc::Status::OK, this);
}

void StreamCall::Answer(const CallTimes& times) {
  const Whole request(request_);
  const net::RequestView headers = HeadersOf(call_);
  Watched watched(core_, kStreamPath, headers);
  std::optional<Code> failed;
  const ByteBuffer answer = Serialize(AnswerStreamed(
      {core_.place.context, request.text(), core_.options.max_message, times, headers.headers},
      &failed));
  watched.End(failed, answer.Length());
  request_.Clear();
  stream_->Write(answer, this);
}

Queue::Queue(Core& core, std::unique_ptr<ServerCompletionQueue> completions)
    : core_(core), completions_(std::move(completions)) {}
Queue::~Queue() = default;

void Queue::Start() {
  for (size_t i = 0; i < kReadyForInfer; ++i) Arm(Method::kModelInfer);
  for (size_t i = 1; i < kMethods; ++i) Arm(static_cast<Method>(i));
  ArmStream();
  thread_ = std::thread([this] {
    void* tag = nullptr;
    bool ok = false;
    while (completions_->Next(&tag, &ok)) static_cast<Event*>(tag)->Done(ok);
  });
}

void Queue::Arm(Method method) {
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

void Queue::ArmStream() {
  MutexLock lock(mutex_);
  if (closed_) return;
  streams_.push_back(std::make_unique<StreamCall>(core_, *this));
  streams_.back()->Accept(completions_.get());
}

void Queue::Release(UnaryCall* call, Method method) {
  MutexLock lock(mutex_);
  idle_[static_cast<size_t>(method)].push_back(call);
}

void Queue::Release(StreamCall* call) {
  MutexLock lock(mutex_);
  std::erase_if(streams_, [&](const auto& one) { return one.get() == call; });
}

void Queue::Waits(StreamCall* call, bool waits) {
  MutexLock lock(mutex_);
  if (!waits) {
    reading_.erase(call);
    return;
  }
  reading_.insert(call);
  if (core_.stopping.load()) call->Cancel();
}

void Queue::CancelStreams() {
  MutexLock lock(mutex_);
  for (StreamCall* call : reading_) call->Cancel();
}

void Queue::Close() {
  {
    MutexLock lock(mutex_);
    closed_ = true;
    completions_->Shutdown();
  }
  if (thread_.joinable()) thread_.join();
}

bool Queue::closed() {
  MutexLock lock(mutex_);
  return closed_;
}

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
  if (!core_.admission.Admits(method_, *call_)) {
    request_.Clear();
    return writer_->FinishWithError(Stranger(), this);
  }
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
      return core_.admission.Admits(Method::kModelInfer, call_) ? Read() : Finish(Stranger());
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

}  // namespace quern::server::grpc
