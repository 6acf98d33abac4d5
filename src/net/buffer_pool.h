#pragma once
// Memory of one event loop that its connections read into: they hold some only while a request is
// under way. Not thread-safe.
#include <array>
#include <cstddef>
#include <memory>
#include <vector>

namespace quern::net {

struct Buffer {
  std::unique_ptr<char[]> data;
  size_t size = 0;
};

/// Keeps what it is given back, up to a bound; the last given is the next taken, as it is likely to
/// be in the processor's cache still.
class BufferPool {
 public:
  BufferPool();
  /// At least `size` bytes, uninitialised: the next power of two.
  Buffer Take(size_t size);
  void Give(Buffer buffer);

 private:
  static constexpr size_t kSmallest = 16u << 10;
  /// 16 KB to 1 MB; larger ones are not kept.
  static constexpr size_t kClasses = 7;

  std::array<std::vector<Buffer>, kClasses> free_;
  size_t held_ = 0;
};

}  // namespace quern::net
