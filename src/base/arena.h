#pragma once
// Memory for one request: taken piece by piece, given back all at once, kept for the next request.
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace quern {

/// A bump allocator. After a Reset() the same demand allocates nothing. What it hands out lives
/// until Reset() or the arena's end, and is never destroyed: trivial types only. Not thread-safe.
class Arena {
 public:
  explicit Arena(size_t block = 16u << 10) : block_(block) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// `count` elements, not initialised; valid also for count 0.
  template <typename T>
  std::span<T> Make(size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    return {static_cast<T*>(Bytes(count * sizeof(T), alignof(T))), count};
  }
  /// A copy that lives as long as the arena's content.
  std::string_view Copy(std::string_view text) {
    std::span<char> copy = Make<char>(text.size());
    if (!text.empty()) std::memcpy(copy.data(), text.data(), text.size());
    return {copy.data(), copy.size()};
  }

  /// Everything handed out becomes invalid. Keeps memory up to `keep` bytes; what one large request
  /// needed beyond that goes back to the system.
  void Reset(size_t keep = 4u << 20);

 private:
  struct Block {
    std::unique_ptr<std::byte[]> bytes;
    size_t size = 0;
  };
  void* Bytes(size_t size, size_t alignment);
  void* NewBlock(size_t size, size_t alignment);

  size_t block_;
  std::vector<Block> blocks_;  // the last one is in use
  size_t used_ = 0;            // bytes of it
};

}  // namespace quern
