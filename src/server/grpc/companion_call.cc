#include "server/grpc/companion_call.h"

#include "base/text.h"
#include "server/grpc/bytes.h"

namespace quern::server::grpc {

void CompanionCall::Accept(ServerCompletionQueue* completions) {
  call_.AsyncNotifyWhenDone(&when_over_);
  core_.others.RequestCall(&call_, &stream_, completions, completions, this);
}

void CompanionCall::Done(bool ok) {
  switch (state_) {
    case State::kAccepting:
      // What never began has no end: it stays until the queue goes.
      if (!ok || queue_.closed()) return;
      queue_.ArmCompanion();
      return Begin();
    case State::kReading:
      queue_.Waits(&call_, false);
      if (ok) return Answer();
      return Finish(kind_ == Companion::kReflection
                        ? ::grpc::Status::OK
                        : ::grpc::Status(::grpc::StatusCode::INVALID_ARGUMENT, "no request came"));
    case State::kWriting:
      if (!ok || over_) return Finish(::grpc::Status::CANCELLED);
      if (kind_ == Companion::kReflection) return Read();
      state_ = State::kWatching;
      queue_.Waits(&call_, true);
      return Look();
    case State::kFinishing:
      state_ = State::kFinished;
      if (over_) queue_.Release(this);
      return;
    case State::kWatching:
    case State::kFinished:
      return;  // nothing was asked for
  }
}

void CompanionCall::Over::Done(bool /*ok*/) {
  call_.over_ = true;
  if (call_.state_ == State::kWatching) return call_.Finish(::grpc::Status::CANCELLED);
  if (call_.state_ == State::kFinished) call_.queue_.Release(&call_);
}

void CompanionCall::Begin() {
  kind_ = CompanionOf(call_.method());
  if (kind_ == Companion::kNone) {
    return Finish({::grpc::StatusCode::UNIMPLEMENTED, "no method " + Printable(call_.method())});
  }
  if (kind_ == Companion::kReflection && !core_.admission.Admits(call_)) return Finish(Stranger());
  Read();
}

void CompanionCall::Read() {
  state_ = State::kReading;
  stream_.Read(&request_, this);
  queue_.Waits(&call_, true);
}

void CompanionCall::Answer() {
  const Whole whole(request_);
  const size_t most = core_.options.max_message;
  if (kind_ == Companion::kReflection) {
    const auto answer = Reflect(whole.text(), most);
    return answer ? Write(*answer) : Finish(ToStatus(answer.error()));
  }
  const auto known = AsksForKnownService(whole.text(), most);
  if (!known) return Finish(ToStatus(known.error()));
  if (kind_ == Companion::kHealthWatch) {
    known_service_ = *known;
    told_ = *known ? Now() : Health::kServiceUnknown;
    return Write(HealthMessage(*told_));
  }
  if (!*known) return Finish({::grpc::StatusCode::NOT_FOUND, "no such service"});
  state_ = State::kFinishing;
  stream_.WriteAndFinish(ToBytes(HealthMessage(Now())), {}, ::grpc::Status::OK, this);
}

void CompanionCall::Look() {
  if (state_ != State::kWatching || !known_service_ || told_ == Now()) return;
  queue_.Waits(&call_, false);
  told_ = Now();
  Write(HealthMessage(*told_));
}

void CompanionCall::Write(const std::string& message) {
  state_ = State::kWriting;
  stream_.Write(ToBytes(message), this);
}

void CompanionCall::Finish(const ::grpc::Status& status) {
  if (state_ == State::kWatching) queue_.Waits(&call_, false);
  state_ = State::kFinishing;
  stream_.Finish(status, this);
}

}  // namespace quern::server::grpc
