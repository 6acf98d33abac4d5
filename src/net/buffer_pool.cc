#include "net/buffer_pool.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace quern::net {
namespace {

constexpr size_t kMaxHeld = 8u << 20;

}  // namespace

BufferPool::BufferPool() {
  // Give() must not allocate on a path that promises not to.
  for (auto& buffers : free_) buffers.reserve(kMaxHeld / kSmallest);
}

Buffer BufferPool::Take(size_t size) {
  const size_t rounded = std::max(kSmallest, std::bit_ceil(size));
  const auto index = static_cast<size_t>(std::countr_zero(rounded / kSmallest));
  if (index < kClasses && !free_[index].empty()) {
    Buffer buffer = std::move(free_[index].back());
    free_[index].pop_back();
    held_ -= buffer.size;
    return buffer;
  }
  return {std::make_unique_for_overwrite<char[]>(rounded), rounded};
}

void BufferPool::Give(Buffer buffer) {
  if (buffer.size == 0 || held_ + buffer.size > kMaxHeld) return;
  const auto index = static_cast<size_t>(std::countr_zero(buffer.size / kSmallest));
  if (index >= kClasses) return;
  held_ += buffer.size;
  free_[index].push_back(std::move(buffer));
}

}  // namespace quern::net
