#include "server/grpc/intake.h"

#include <google/protobuf/io/coded_stream.h>

#include <memory>
#include <utility>

#include "inference/inference.pb.h"
#include "server/gatherer.h"

namespace quern::server::grpc {
namespace {

using google::protobuf::io::CodedInputStream;
using ::inference::ModelInferRequest;

/// Tag of a field whose value has its length before it.
constexpr uint32_t TextTag(int field) { return static_cast<uint32_t>(field) << 3 | 2; }

bool TakeText(CodedInputStream& from, std::string_view* text) {
  uint32_t size = 0;
  const void* at = nullptr;
  int left = 0;
  if (!from.ReadVarint32(&size) || !from.GetDirectBufferPointer(&at, &left)) return false;
  if (size > static_cast<uint32_t>(left)) return false;
  *text = {static_cast<const char*>(at), size};
  return from.Skip(static_cast<int>(size));
}

}  // namespace

AskedModel PeekModel(std::string_view bytes) {
  CodedInputStream from(reinterpret_cast<const uint8_t*>(bytes.data()),
                        static_cast<int>(bytes.size()));
  AskedModel asked;
  uint32_t tag = from.ReadTag();
  if (tag == TextTag(ModelInferRequest::kModelNameFieldNumber)) {
    if (!TakeText(from, &asked.model)) return asked;
    tag = from.ReadTag();
  }
  if (tag == TextTag(ModelInferRequest::kModelVersionFieldNumber)) TakeText(from, &asked.version);
  return asked;
}

size_t Intake::TakeIn(const Job& job) {
  if (!job.context.catalog.batches() || job.bytes.size() > kMostGathered) return 0;
  const AskedModel asked = PeekModel(job.bytes);
  serving::ServedModelPtr served = FindJoinable(job.context, asked.model, asked.version);
  if (served == nullptr) return 0;
  const size_t ticket = Read(std::move(served), asked, job);
  // What was read of a request that is not taken in is nobody's.
  if (ticket == 0 && gathering_.empty()) Clear();
  return ticket;
}

/// What cannot be read is said by who answers it.
size_t Intake::Read(serving::ServedModelPtr served, const AskedModel& asked, const Job& job) {
  auto* message = messages_.Make<ModelInferRequest>();
  const auto size = static_cast<int>(job.bytes.size());
  if (!message->ParseFromArray(job.bytes.data(), size)) return 0;
  // A field may come twice: then the last one holds.
  if (message->model_name() != asked.model || message->model_version() != asked.version) return 0;
  Arena& arena = gathering_.arena();
  const auto request = ReadTimed(*message, job.turn.times, arena);
  if (!request) return 0;
  KeptInfer* const kept = std::construct_at(arena.Make<KeptInfer>(1).data());
  *kept = {message, *request};
  return server::TakeIn(gathering_, std::move(served), {kept->request.call, kept},
                        job.turn.times.arrived);
}

void Intake::Clear() {
  gathering_.Clear();
  messages_.Reset();
}

}  // namespace quern::server::grpc
