#include "server/grpc/calls.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "base/time.h"
#include "server/grpc/bytes.h"
#include "server/grpc/companion_call.h"
#include "server/grpc/describe.h"
#include "server/grpc/watched.h"

namespace quern::server::grpc {
namespace {

ByteBuffer Serialize(Message message) {
  ::grpc::Slice slice(message->ByteSizeLong());
  message->SerializeWithCachedSizesToArray(const_cast<uint8_t*>(slice.begin()));
  return {&slice, 1};
}

}  // namespace

bool Core::Serves() const { return !stopping.load() && IsReady(place.context); }

bool Core::MayBlock(Method method, ByteBuffer& request) const {
  if (method != Method::kModelInfer) {
    return method == Method::kRepositoryModelLoad || method == Method::kRepositoryModelUnload;
  }
  return place.context.inference.MayTakeLong(request.Length()) || MayExplain(Whole(request).text());
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

/// So many seconds from now.
gpr_timespec After(double seconds) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_nanos(static_cast<int64_t>(seconds * 1e9), GPR_TIMESPAN));
}

Error Overloaded() {
  return {Code::kUnavailable, "the server is overloaded", "try again a little later", {}, {}};
}

/// Of a call that was taken in, when that was.
double BeganOf(const Turn& turn) { return turn.gathered != nullptr ? turn.gathered->arrived : 0; }

constexpr std::string_view kStreamPath = "/inference.GRPCInferenceService/ModelStreamInfer";

}  // namespace

/// One unary call after the other. Its queue's thread alone calls Done().
class UnaryCall : public Call {
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
  void Answer(const Turn& turn) override;

 private:
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
class StreamCall : public Call {
 public:
  StreamCall(Core& core, Queue& queue) : core_(core), queue_(queue) {}
  void Accept(ServerCompletionQueue* completions) {
    stream_.emplace(&call_);
    core_.service.RequestModelStreamInfer(&call_, &*stream_, completions, completions, this);
  }
  void Done(bool ok) override;
  void Answer(const Turn& turn) override;

 private:
  enum class State { kAccepting, kReading, kWriting, kFinishing };
  void Read();
  void Finish(const ::grpc::Status& status) {
    state_ = State::kFinishing;
    stream_->Finish(status, this);
  }

  Core& core_;
  Queue& queue_;
  State state_ = State::kAccepting;
  ServerContext call_;
  std::optional<Stream> stream_;
  ByteBuffer request_;
};

void UnaryCall::Answer(const Turn& turn) {
  const Whole request(request_);
  const net::RequestView headers = HeadersOf(*call_);
  Watched watched(core_.place.observer, PathOf(method_), headers, BeganOf(turn));
  const Answered answered = AnswerUnary(
      method_,
      {core_.place.context, request.text(), core_.options.max_message, turn, headers.headers});
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

void StreamCall::Answer(const Turn& turn) {
  const Whole request(request_);
  const net::RequestView headers = HeadersOf(call_);
  Watched watched(core_.place.observer, kStreamPath, headers, BeganOf(turn));
  std::optional<Code> failed;
  const ByteBuffer answer = Serialize(AnswerStreamed(
      {core_.place.context, request.text(), core_.options.max_message, turn, headers.headers},
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
  ArmCompanion();
  thread_ = std::thread([this] { Serve(); });
}

void Queue::Serve() {
  void* tag = nullptr;
  bool ok = false;
  while (completions_->Next(&tag, &ok)) {
    static_cast<Event*>(tag)->Done(ok);
    if (!taken_.empty()) AnswerTogether();
  }
}

bool Queue::HaveAnswered(Call* call, Method method, ByteBuffer& request, const CallTimes& times) {
  if (core_.MayBlock(method, request)) {
    return core_.workers.Post([call, times] { call->Answer({times, nullptr, true}); });
  }
  if (method != Method::kModelInfer || !TakeIn(call, request, times)) call->Answer({times});
  return true;
}

bool Queue::TakeIn(Call* call, ByteBuffer& request, const CallTimes& times) {
  if (unasked_ > 0 && taken_.empty()) {
    --unasked_;
    return false;
  }
  const Whole whole(request);
  const size_t ticket =
      intake_.TakeIn({core_.place.context, whole.text(), core_.options.max_message, {times}});
  if (ticket > 0) taken_.push_back({call, times, ticket});
  return ticket > 0;
}

/// The first call was taken in: so are those that have arrived since, and those that do until the
/// delay is over. What they are not is answered meanwhile.
void Queue::Gather() {
  const serving::BatchOptions& batch = core_.place.context.inference.batch();
  const double until = taken_.front().times.arrived + batch.delay;
  const gpr_timespec end =
      batch.delay > 0 ? After(until - MonotonicSeconds()) : gpr_inf_past(GPR_CLOCK_MONOTONIC);
  size_t others = 0;
  while (taken_.size() < batch.rows && others < kMostOthers) {
    void* tag = nullptr;
    bool ok = false;
    if (completions_->AsyncNext(&tag, &ok, end) != ServerCompletionQueue::GOT_EVENT) return;
    const size_t before = taken_.size();
    static_cast<Event*>(tag)->Done(ok);
    if (taken_.size() == before && (batch.delay <= 0 || MonotonicSeconds() >= until)) ++others;
  }
}

/// How many of the next calls are answered without a look for others: none while there are some.
void Queue::Expect(bool company) {
  // To ask gRPC costs a call that is alone 2 us: one in eight pays them.
  constexpr size_t kMostUnasked = 7;
  const bool asks = company || core_.place.context.inference.batch().delay > 0;
  lonely_ = asks ? 0 : std::min(2 * lonely_ + 1, kMostUnasked);
  unasked_ = lonely_;
}

void Queue::AnswerTogether() {
  Gather();
  Expect(taken_.size() > 1);
  intake_.Run();
  for (const Taken& taken : taken_) {
    taken.call->Answer({taken.times, &intake_.Call(taken.ticket)});
  }
  taken_.clear();
  intake_.Clear();
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

void Queue::ArmCompanion() {
  MutexLock lock(mutex_);
  if (closed_) return;
  companions_.push_back(std::make_unique<CompanionCall>(core_, *this));
  companions_.back()->Accept(completions_.get());
}

void Queue::Release(StreamCall* call) {
  MutexLock lock(mutex_);
  std::erase_if(streams_, [&](const auto& one) { return one.get() == call; });
}

void Queue::Release(CompanionCall* call) {
  MutexLock lock(mutex_);
  std::erase_if(companions_, [&](const auto& one) { return one.get() == call; });
}

void Queue::Waits(ServerContext* call, bool waits) {
  MutexLock lock(mutex_);
  if (!waits) {
    waiting_.erase(call);
    return;
  }
  waiting_.insert(call);
  if (cancelled_) call->TryCancel();
}

void Queue::CancelStreams() {
  MutexLock lock(mutex_);
  cancelled_ = true;
  for (ServerContext* call : waiting_) call->TryCancel();
}

void Queue::ModelsChanged() {
  MutexLock lock(mutex_);
  if (closed_ || rung_) return;
  rung_ = true;
  bell_.Set(completions_.get(), gpr_inf_past(GPR_CLOCK_MONOTONIC), &looking_);
}

void Queue::Looking::Done(bool /*ok*/) {
  std::vector<CompanionCall*> calls;
  {
    MutexLock lock(queue_.mutex_);
    queue_.rung_ = false;
    for (const auto& call : queue_.companions_) calls.push_back(call.get());
  }
  for (CompanionCall* call : calls) call->Look();
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
  if (NeedsToken(method_) && !core_.admission.Admits(*call_)) {
    request_.Clear();
    return writer_->FinishWithError(Stranger(), this);
  }
  if (!queue_.HaveAnswered(this, method_, request_, TimesOf(*call_))) Fail(Overloaded());
}

void StreamCall::Read() {
  state_ = State::kReading;
  stream_->Read(&request_, this);
  queue_.Waits(&call_, true);
}

void StreamCall::Done(bool ok) {
  switch (state_) {
    case State::kAccepting:
      if (!ok || queue_.closed()) return;
      queue_.ArmStream();
      return core_.admission.Admits(call_) ? Read() : Finish(Stranger());
    case State::kReading: {
      queue_.Waits(&call_, false);
      if (!ok) return Finish(::grpc::Status::OK);  // the client has sent its last request
      state_ = State::kWriting;
      if (!queue_.HaveAnswered(this, Method::kModelInfer, request_, TimesOf(call_))) {
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
