#include "base/arena.h"

#include <algorithm>
#include <cstdint>

namespace quern {
namespace {

/// Bytes to skip so that `base + used` is aligned.
size_t Padding(const std::byte* base, size_t used, size_t alignment) {
  size_t over = (reinterpret_cast<uintptr_t>(base) + used) & (alignment - 1);
  return over == 0 ? 0 : alignment - over;
}

}  // namespace

void* Arena::Bytes(size_t size, size_t alignment) {
  if (!blocks_.empty()) {
    Block& block = blocks_.back();
    size_t start = used_ + Padding(block.bytes.get(), used_, alignment);
    if (start <= block.size && size <= block.size - start) {
      used_ = start + size;
      return block.bytes.get() + start;
    }
  }
  return NewBlock(size, alignment);
}

void* Arena::NewBlock(size_t size, size_t alignment) {
  size_t bytes = std::max(block_, size + alignment);
  blocks_.push_back({std::unique_ptr<std::byte[]>(new std::byte[bytes]), bytes});
  size_t start = Padding(blocks_.back().bytes.get(), 0, alignment);
  used_ = start + size;
  return blocks_.back().bytes.get() + start;
}

void Arena::Reset(size_t keep) {
  size_t total = 0;
  for (const Block& block : blocks_) total += block.size;
  if (blocks_.size() > 1) {
    // One block as large as all were: the next such request finds it whole.
    blocks_.clear();
    size_t bytes = std::min(total, keep);
    if (bytes > 0) blocks_.push_back({std::unique_ptr<std::byte[]>(new std::byte[bytes]), bytes});
  } else if (total > keep) {
    blocks_.clear();
  }
  used_ = 0;
}

}  // namespace quern
