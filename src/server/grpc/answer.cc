#include "server/grpc/answer.h"

#include <string>

#include "inference/inference.pb.h"
#include "net/compression.h"
#include "server/explaining.h"
#include "server/grpc/describe.h"
#include "server/grpc/messages.h"
#include "server/http/respond.h"

namespace quern::server::grpc {
namespace {

/// What a thread parses into and scores in.
class Memory {
 public:
  /// Emptied.
  static Memory& OfThisThread() {
    thread_local Memory memory;
    memory.messages_.Reset();
    memory.tensors_.Reset();
    return memory;
  }
  template <class T>
  T* Make() {
    return messages_.Make<T>();
  }
  Arena& tensors() { return tensors_; }

 private:
  Messages messages_;
  Arena tensors_{size_t{64} << 10};
};

/// gRPC hands compressed messages on as they are. No message of ours begins with these bytes: as
/// protobuf they are the end of a group, and a number in field 15.
const char* Compression(std::string_view bytes) {
  if (bytes.size() < 2) return nullptr;
  const auto first = static_cast<unsigned char>(bytes[0]);
  const auto second = static_cast<unsigned char>(bytes[1]);
  if (first == 0x1f && second == 0x8b) return "gzip";
  return first == 0x78 && (first * 256 + second) % 31 == 0 ? "deflate" : nullptr;
}

template <class Request, class Response>
Result<Message> Answer(const Job& job) {
  Memory& memory = Memory::OfThisThread();
  auto* request = memory.Make<Request>();
  auto* response = memory.Make<Response>();
  QUERN_TRY(Parse(job.bytes, job.max_message, request));
  QUERN_TRY(Describe(job.context, *request, response));
  return response;
}

/// Into `response`, which lies in `memory`.
Status AnswerInfer(const Job& job, Memory& memory, ::inference::ModelInferResponse* response,
                   Told* told) {
  if (job.turn.gathered != nullptr) {
    const auto* kept = static_cast<const KeptInfer*>(job.turn.gathered->request);
    return Infer(job, *kept->message, memory.tensors(), response, told);
  }
  auto* request = memory.Make<::inference::ModelInferRequest>();
  const double begin = MonotonicSeconds();
  if (Status parsed = Parse(job.bytes, job.max_message, request); !parsed) {
    job.context.metrics.Unserved(HttpStatus(parsed.error().code), MonotonicSeconds() - begin);
    return parsed;
  }
  return Infer(job, *request, memory.tensors(), response, told);
}

}  // namespace

std::string_view PathOf(Method method) {
#define QUERN_PATH(name) \
  case Method::k##name:  \
    return "/inference.GRPCInferenceService/" #name;
  switch (method) {
    QUERN_PATH(ModelInfer)
    QUERN_PATH(ServerLive)
    QUERN_PATH(ServerReady)
    QUERN_PATH(ModelReady)
    QUERN_PATH(ServerMetadata)
    QUERN_PATH(ModelMetadata)
    QUERN_PATH(ModelConfig)
    QUERN_PATH(ModelStatistics)
    QUERN_PATH(RepositoryIndex)
    QUERN_PATH(RepositoryModelLoad)
    QUERN_PATH(RepositoryModelUnload)
  }
#undef QUERN_PATH
  return {};
}

bool NeedsToken(Method method) {
  return method != Method::kServerLive && method != Method::kServerReady;
}

Status Parse(std::string_view bytes, size_t max_message, google::protobuf::Message* message) {
  std::string plain;
  if (const char* encoding = Compression(bytes)) {
    QUERN_ASSIGN(plain, net::Decompress(bytes, encoding, max_message));
    bytes = plain;
  }
  if (message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return {};
  return Fail(Code::kInvalidArgument, "the request is no valid " +
                                          message->GetDescriptor()->full_name() +
                                          ": broken bytes, or text that is not UTF-8");
}

bool MayExplain(std::string_view bytes) {
  return Compression(bytes) != nullptr || MayAskForExplanations(bytes);
}

Answered AnswerUnary(Method method, const Job& job) {
#define QUERN_ANSWER(name) \
  case Method::k##name:    \
    return {Answer<::inference::name##Request, ::inference::name##Response>(job), {}};
  switch (method) {
    QUERN_ANSWER(ServerLive)
    QUERN_ANSWER(ServerReady)
    QUERN_ANSWER(ModelReady)
    QUERN_ANSWER(ServerMetadata)
    QUERN_ANSWER(ModelMetadata)
    QUERN_ANSWER(ModelConfig)
    QUERN_ANSWER(ModelStatistics)
    QUERN_ANSWER(RepositoryIndex)
    QUERN_ANSWER(RepositoryModelLoad)
    QUERN_ANSWER(RepositoryModelUnload)
    case Method::kModelInfer:
      break;
  }
#undef QUERN_ANSWER
  Memory& memory = Memory::OfThisThread();
  auto* response = memory.Make<::inference::ModelInferResponse>();
  Told told;
  Status status = AnswerInfer(job, memory, response, &told);
  if (!status) return {std::unexpected(std::move(status).error()), told};
  return {response, told};
}

Message AnswerStreamed(const Job& job, std::optional<Code>* failed) {
  Memory& memory = Memory::OfThisThread();
  auto* response = memory.Make<::inference::ModelStreamInferResponse>();
  Told told;
  const Status status = AnswerInfer(job, memory, response->mutable_infer_response(), &told);
  if (!status) {
    response->Clear();
    response->set_error_message(PublicMessage(status.error()));
    *failed = PublicCode(status.error());
  }
  return response;
}

}  // namespace quern::server::grpc
