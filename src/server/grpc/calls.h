#pragma once
// Calls from their arrival to their answer: completion queues, and what waits in them.
#include <grpcpp/alarm.h>
#include <grpcpp/generic/async_generic_service.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "server/front.h"
#include "server/grpc/admission.h"
#include "server/grpc/intake.h"
#include "server/grpc/server.h"
#include "server/grpc/service.h"
#include "server/grpc/workers.h"

namespace quern::server::grpc {

/// What all calls share.
struct Core {
  const FrontPlace place;
  const GrpcOptions options;
  const Admission admission;
  Service service;
  /// Methods that it does not have: health, reflection, and what is not here.
  ::grpc::AsyncGenericService others;
  Workers workers;
  std::atomic<bool> stopping{false};
  /// Unary calls that were taken and are not answered yet.
  std::atomic<size_t> active{0};

  /// Not stopping, and a model is there to be asked.
  bool Serves() const;
  /// Of a message only its length is known yet, as many elements at most, and which words it holds.
  bool MayBlock(Method method, ByteBuffer& request) const;
};

/// What a completion queue gives back.
class Event {
 public:
  virtual ~Event() = default;
  /// What was asked of gRPC is done. On the queue's thread.
  virtual void Done(bool ok) = 0;
};

/// A call of the protocol of inference.
class Call : public Event {
 public:
  /// Answers the request that was read.
  virtual void Answer(const Turn& turn) = 0;
};
class UnaryCall;
class StreamCall;
class CompanionCall;

/// A completion queue, its thread, and the calls that it is ready for. Thread-safe.
class Queue {
 public:
  Queue(Core& core, std::unique_ptr<ServerCompletionQueue> completions);
  ~Queue();

  void Start();
  /// Ready for one more call of the method.
  void Arm(Method method);
  void ArmStream();
  void ArmCompanion();
  /// Has the request that `call` has read answered: by a worker if it may take long, with those
  /// that arrive together with it, or now. False if no worker has room for it. On the queue's
  /// thread.
  bool HaveAnswered(Call* call, Method method, ByteBuffer& request, const CallTimes& times);
  void Release(UnaryCall* call, Method method);
  void Release(StreamCall* call);
  void Release(CompanionCall* call);
  /// A stream waits for its client, or for news to tell it; or no longer does.
  void Waits(ServerContext* call, bool waits);
  /// Those that wait, and those that will.
  void CancelStreams();
  /// Clients who watch the health of the server may have to be told something else.
  void ModelsChanged();
  /// After this nothing may be asked of gRPC.
  void Close();
  bool closed();

 private:
  static constexpr size_t kReadyForInfer = 32;
  /// Events in a row that calls wait for which arrived with them and are to be scored together:
  /// a flood of others does not hold them back.
  static constexpr size_t kMostOthers = 128;
  struct Taken {
    Call* call;
    CallTimes times;
    size_t ticket;
  };
  /// Lets the companions look, on the queue's thread.
  class Looking : public Event {
   public:
    explicit Looking(Queue& queue) : queue_(queue) {}
    void Done(bool ok) override;

   private:
    Queue& queue_;
  };
  void Serve();
  bool TakeIn(Call* call, ByteBuffer& request, const CallTimes& times);
  void Gather();
  void Expect(bool company);
  void AnswerTogether();

  Core& core_;
  std::unique_ptr<ServerCompletionQueue> completions_;
  Mutex mutex_;
  bool closed_ QUERN_GUARDED_BY(mutex_) = false;
  std::vector<std::unique_ptr<UnaryCall>> calls_ QUERN_GUARDED_BY(mutex_);
  std::array<std::vector<UnaryCall*>, kMethods> idle_ QUERN_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<StreamCall>> streams_ QUERN_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<CompanionCall>> companions_ QUERN_GUARDED_BY(mutex_);
  std::set<ServerContext*> waiting_ QUERN_GUARDED_BY(mutex_);
  bool cancelled_ QUERN_GUARDED_BY(mutex_) = false;
  bool rung_ QUERN_GUARDED_BY(mutex_) = false;
  Looking looking_{*this};
  ::grpc::Alarm bell_;
  // Of its thread alone.
  Intake intake_;
  std::vector<Taken> taken_;
  size_t lonely_ = 0;
  size_t unasked_ = 0;
  std::thread thread_;
};

}  // namespace quern::server::grpc
