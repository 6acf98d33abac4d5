#pragma once
// Between gRPC's bytes and errors, and ours.
#include <grpcpp/grpcpp.h>

#include <string_view>

#include "base/result.h"
#include "server/http/respond.h"

namespace quern::server::grpc {

using ::grpc::ByteBuffer;

/// The bytes of a request in one piece, as long as this lives.
class Whole {
 public:
  explicit Whole(ByteBuffer& bytes)
      : ok_(bytes.TrySingleSlice(&slice_).ok() || bytes.DumpToSingleSlice(&slice_).ok()) {}
  std::string_view text() const {
    return ok_ ? std::string_view(reinterpret_cast<const char*>(slice_.begin()), slice_.size())
               : std::string_view();
  }

 private:
  ::grpc::Slice slice_;
  bool ok_;
};

inline ByteBuffer ToBytes(std::string_view text) {
  const ::grpc::Slice slice(text.data(), text.size());
  return {&slice, 1};
}

inline ::grpc::Status ToStatus(const Error& error) {
  return {static_cast<::grpc::StatusCode>(PublicCode(error)), PublicMessage(error)};
}

}  // namespace quern::server::grpc
