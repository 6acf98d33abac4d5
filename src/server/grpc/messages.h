#pragma once
// Memory for messages, used again and again.
#include <google/protobuf/arena.h>

#include <cstddef>
#include <vector>

namespace quern::server::grpc {

/// As long as what is made fits `room` bytes, the messages themselves allocate nothing. Not
/// thread-safe.
class Messages {
 public:
  explicit Messages(size_t room = size_t{64} << 10)
      : first_(room), arena_(first_.data(), first_.size()) {}

  /// Empty; lives until Reset().
  template <class T>
  T* Make() {
    return google::protobuf::Arena::CreateMessage<T>(&arena_);
  }
  void Reset() { arena_.Reset(); }

 private:
  std::vector<char> first_;
  google::protobuf::Arena arena_;
};

}  // namespace quern::server::grpc
