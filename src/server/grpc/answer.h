#pragma once
// From the bytes of a request to the message that answers it, without a word about how they travel.
#include <cstddef>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "server/grpc/infer.h"

namespace google::protobuf {
class Message;
}

namespace quern::server::grpc {

/// Lies in memory of this thread, until its next call of an answering function.
using Message = const google::protobuf::Message*;

enum class Method {
  kModelInfer,
  kServerLive,
  kServerReady,
  kModelReady,
  kServerMetadata,
  kModelMetadata,
  kModelConfig,
  kModelStatistics,
  kRepositoryIndex,
  kRepositoryModelLoad,
  kRepositoryModelUnload,
};
inline constexpr size_t kMethods = 11;

/// "/inference.GRPCInferenceService/ModelInfer".
std::string_view PathOf(Method method);

/// Where callers need one at all: not what an orchestrator probes.
bool NeedsToken(Method method);

/// Whether the bytes of a ModelInferRequest may ask for explanations, which take long: what is
/// compressed is not looked into.
bool MayExplain(std::string_view bytes);

/// kInvalidArgument for bytes that are not such a message; kResourceExhausted beyond `max_message`
/// bytes after decompression.
Status Parse(std::string_view bytes, size_t max_message, google::protobuf::Message* message);

/// Texts lie where the message lies.
struct Answered {
  Result<Message> message;
  Told told;
};
/// kInvalidArgument for bytes that are not the method's request; else errors of the method.
Answered AnswerUnary(Method method, const Job& job);
/// A request of a stream: an error is an answer too, whose code is in `failed`.
Message AnswerStreamed(const Job& job, std::optional<Code>* failed);

}  // namespace quern::server::grpc
