#pragma once
// Decompresses whole small bodies, one after the other, without allocating for each.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace quern::net {

/// Not thread-safe.
class InflateOnce {
 public:
  InflateOnce();
  ~InflateOnce();

  /// `encoding` as Inflater takes it. False if that is not known, if the data are broken, or if
  /// more than `max_bytes` come out: then ask Decompress(), which says why.
  bool Run(std::string_view body, std::string_view encoding, uint64_t max_bytes,
           std::string* plain);

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
};

}  // namespace quern::net
