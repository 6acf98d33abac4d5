#pragma once
// A list that grows in an arena: what it outgrew stays there until the arena is reset.
#include <cstring>
#include <span>
#include <type_traits>

#include "base/arena.h"

namespace quern::server {

template <typename T>
class ArenaList {
 public:
  static_assert(std::is_trivially_copyable_v<T>);
  explicit ArenaList(Arena& arena, size_t room = 0) : arena_(&arena) {
    if (room > 0) items_ = arena.Make<T>(room);
  }

  void Add(const T& item) {
    if (size_ == items_.size()) Grow();
    items_[size_++] = item;
  }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T& operator[](size_t i) { return items_[i]; }
  const T& operator[](size_t i) const { return items_[i]; }
  T& back() { return items_[size_ - 1]; }
  std::span<T> items() const { return items_.first(size_); }

 private:
  void Grow() {
    std::span<T> larger = arena_->Make<T>(size_ == 0 ? 8 : size_ * 2);
    if (size_ > 0) std::memcpy(static_cast<void*>(larger.data()), items_.data(), size_ * sizeof(T));
    items_ = larger;
  }
  Arena* arena_;
  std::span<T> items_;
  size_t size_ = 0;
};

}  // namespace quern::server
