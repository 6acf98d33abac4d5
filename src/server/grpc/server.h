#pragma once
// The gRPC front: Open Inference Protocol, health, reflection.
#include <cstddef>
#include <cstdint>
#include <string>

#include "server/front.h"

namespace quern::server::grpc {

struct GrpcOptions {
  /// Numeric address; the default is reachable from this machine alone.
  std::string host = "127.0.0.1";
  /// 0 takes a free port.
  uint16_t port = 0;
  /// Threads that read, score small requests and answer; 0 = half of the cores. gRPC spends more
  /// on handing work between threads than on the work: one for two cores answers most calls.
  size_t threads = 0;
  /// Threads for requests that may take long or wait for a disk; 0 = 4, or twice the cores.
  size_t workers = 0;
  /// Such requests that may wait for a thread; one more is UNAVAILABLE.
  size_t max_queue = 1024;
  /// Bytes of a request, before and after decompression; more is RESOURCE_EXHAUSTED. From 2 GB on
  /// the limit is 2^31 - 1, more than which a message cannot have.
  size_t max_message = size_t{64} << 20;
  /// Seconds that Stop() waits for calls in flight.
  double drain_timeout = 20;
};

/// Makes a listening server: Open Inference Protocol, grpc.health.v1.Health (serving while
/// IsReady()) and reflection; with the certificate and the tokens of HTTP, if it has any. Stop()
/// answers what is in flight and cancels streams that wait for their client. kUnavailable: the port
/// is taken, or the address is not of this machine; kInvalidArgument: a certificate that cannot be
/// used.
FrontMaker GrpcFront(GrpcOptions options);

}  // namespace quern::server::grpc
