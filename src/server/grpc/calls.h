#pragma once
// Calls from their arrival to their answer: completion queues, and what waits in them.
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
  Workers workers;
  std::atomic<bool> stopping{false};
  /// Unary calls that were taken and are not answered yet.
  std::atomic<size_t> active{0};

  /// Runs `work` here, or on a worker if it may take long; false if none has room for it.
  template <class Work>
  bool RunOrPost(Method method, ByteBuffer& request, Work work) {
    if (MayBlock(method, request)) return workers.Post(work);
    work();
    return true;
  }
  /// Of a message only its length is known yet, as many elements at most, and which words it holds.
  bool MayBlock(Method method, ByteBuffer& request) const;
};

class UnaryCall;
class StreamCall;

/// A completion queue, its thread, and the calls that it is ready for. Thread-safe.
class Queue {
 public:
  Queue(Core& core, std::unique_ptr<ServerCompletionQueue> completions);
  ~Queue();

  void Start();
  /// Ready for one more call of the method.
  void Arm(Method method);
  void ArmStream();
  void Release(UnaryCall* call, Method method);
  void Release(StreamCall* call);
  /// A stream waits for its client, or no longer does.
  void Waits(StreamCall* call, bool waits);
  /// Those that wait for their client.
  void CancelStreams();
  /// After this nothing may be asked of gRPC.
  void Close();
  bool closed();

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

}  // namespace quern::server::grpc
