#pragma once
// Calls of ModelInfer that one thread has read and not answered yet, to score them together.
#include <cstddef>
#include <string_view>

#include "server/grpc/infer.h"
#include "server/grpc/messages.h"
#include "serving/gathering.h"

namespace quern::server::grpc {

/// The model and the version that the bytes of a ModelInferRequest begin with, as libraries write
/// them; of other bytes, what could be found.
struct AskedModel {
  std::string_view model;
  std::string_view version;
};
AskedModel PeekModel(std::string_view bytes);

/// What server::Gatherer is over HTTP. For one thread.
class Intake {
 public:
  /// Reads the request and takes it in; its ticket, or 0 if it is to be answered by itself now: its
  /// model is scored row by row or under a release, it is large, or it is no call of that model.
  /// Only of bytes that ask for no explanations.
  size_t TakeIn(const Job& job);
  /// Scores all that was taken in.
  void Run() { gathering_.Run(); }
  /// After Run().
  const serving::GatheredCall& Call(size_t ticket) const { return gathering_.Call(ticket); }
  /// Forgets all calls.
  void Clear();

 private:
  size_t Read(serving::ServedModelPtr served, const AskedModel& asked, const Job& job);

  Messages messages_{size_t{256} << 10};
  serving::Gathering gathering_;
};

}  // namespace quern::server::grpc
