#pragma once
// Calls of health and reflection, and of what is not here: answered by the threads that answer
// everything else.
#include <grpcpp/generic/async_generic_service.h>

#include <optional>
#include <string>

#include "server/grpc/calls.h"
#include "server/grpc/companions.h"

namespace quern::server::grpc {

/// On its queue's thread alone.
class CompanionCall : public Event {
 public:
  CompanionCall(Core& core, Queue& queue) : core_(core), queue_(queue), stream_(&call_) {}
  void Accept(ServerCompletionQueue* completions);
  void Done(bool ok) override;
  /// What a watching client was told last may not be so any more.
  void Look();

 private:
  enum class State { kAccepting, kReading, kWriting, kWatching, kFinishing, kFinished };
  /// The call is over, or its client gone: of those that began, each has this event.
  class Over : public Event {
   public:
    explicit Over(CompanionCall& call) : call_(call) {}
    void Done(bool ok) override;

   private:
    CompanionCall& call_;
  };

  void Begin();
  void Answer();
  void Read();
  void Write(const std::string& message);
  void Finish(const ::grpc::Status& status);
  Health Now() const { return core_.Serves() ? Health::kServing : Health::kNotServing; }

  Core& core_;
  Queue& queue_;
  State state_ = State::kAccepting;
  Companion kind_ = Companion::kNone;
  bool over_ = false;
  Over when_over_{*this};
  /// What a watching client knows, and whether that may change.
  std::optional<Health> told_;
  bool known_service_ = true;
  ::grpc::GenericServerContext call_;
  ::grpc::GenericServerAsyncReaderWriter stream_;
  ByteBuffer request_;
};

}  // namespace quern::server::grpc
