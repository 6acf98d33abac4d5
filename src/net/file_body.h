#pragma once
// A response's body that lies in a file.
#include <cstdint>
#include <string>
#include <utility>

#include "base/fd.h"

namespace quern::net {

/// `length` bytes from `offset` of an open file, sent without being read into memory. The file
/// should not shrink meanwhile: if it does, the connection is cut, so that the client sees that
/// bytes are missing. Immutable.
class FileBody {
 public:
  FileBody(UniqueFd fd, uint64_t offset, uint64_t length)
      : fd_(std::move(fd)), offset_(offset), length_(length) {}
  int fd() const { return fd_.get(); }
  uint64_t offset() const { return offset_; }
  uint64_t length() const { return length_; }
  /// The whole of it; false (and `*out` empty) if the file has become shorter or cannot be read.
  bool ReadInto(std::string* out) const;

 private:
  UniqueFd fd_;
  uint64_t offset_;
  uint64_t length_;
};

}  // namespace quern::net
