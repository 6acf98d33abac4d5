#pragma once
// The service as gRPC sees it: bytes in, bytes out.
#include <grpcpp/grpcpp.h>

#include "inference/inference.grpc.pb.h"
#include "server/grpc/answer.h"

namespace quern::server::grpc {

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

}  // namespace quern::server::grpc
