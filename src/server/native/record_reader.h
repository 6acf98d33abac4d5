#pragma once
// A stream of bytes as bulk records.
#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace quern::server::native {

/// Takes a body in pieces of any size. Records that are wrong are refused one by one, in the bulk
/// log; an error ends the stream: the store's, or bytes that are not of the format at all.
class RecordReader {
 public:
  virtual ~RecordReader() = default;
  virtual Status Feed(std::string_view bytes) = 0;
  /// The last piece has come. kInvalidArgument if the stream ends in the midst of something.
  virtual Status End() = 0;
  /// What the numbers of records count: "line", "row".
  virtual std::string_view unit() const = 0;
  /// How many have been read, refused ones included.
  virtual int64_t records() const = 0;
};

}  // namespace quern::server::native
