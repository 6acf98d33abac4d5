#pragma once
// An immutable value that many threads read and one replaces, without locks.
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace quern::deploy {

/// Small numbers for threads: those alive at once share few of them.
inline size_t ThreadShard(size_t shards) {
  static std::atomic<size_t> next{0};
  thread_local const size_t mine = next.fetch_add(1, std::memory_order_relaxed);
  return mine % shards;
}

/// Readers are wait-free: they mark their shard of the counters as reading, load the pointer, and
/// take the mark back. A replaced value is kept until every shard was once seen without readers
/// after the exchange; who reads later has loaded the new one. Writers never wait for readers.
/// Thread-safe; a Reader must not outlive the snapshot.
template <class T>
class Snapshot {
 public:
  explicit Snapshot(std::unique_ptr<const T> first) : current_(first.release()) {}
  ~Snapshot() { delete current_.load(); }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  class Reader {
   public:
    explicit Reader(const Snapshot& snapshot) : count_(snapshot.CountOfThread()) {
      count_.fetch_add(1, std::memory_order_seq_cst);
      value_ = snapshot.current_.load(std::memory_order_seq_cst);
    }
    ~Reader() { count_.fetch_sub(1, std::memory_order_release); }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    const T& operator*() const { return *value_; }
    const T* operator->() const { return value_; }

   private:
    std::atomic<uint32_t>& count_;
    const T* value_;
  };

  void Replace(std::unique_ptr<const T> next) {
    MutexLock lock(mutex_);
    const T* old = current_.exchange(next.release(), std::memory_order_seq_cst);
    retired_.push_back({std::unique_ptr<const T>(old), 0});
  }

  /// Gives what nobody can read any more to `done(std::unique_ptr<const T>)`; to be called now and
  /// then.
  template <class Done>
  void Reclaim(Done done) {
    std::vector<std::unique_ptr<const T>> free;
    {
      MutexLock lock(mutex_);
      uint32_t quiet = 0;
      for (size_t i = 0; i < kShards; ++i) {
        if (counts_[i].readers.load(std::memory_order_seq_cst) == 0) quiet |= 1u << i;
      }
      std::erase_if(retired_, [&](Retired& retired) {
        retired.seen_quiet |= quiet;
        if (retired.seen_quiet != kAllQuiet) return false;
        free.push_back(std::move(retired.value));
        return true;
      });
    }
    for (auto& value : free) done(std::move(value));
  }

 private:
  static constexpr size_t kShards = 32;
  static constexpr uint32_t kAllQuiet = ~0u;
  struct alignas(64) Count {
    std::atomic<uint32_t> readers{0};
  };
  struct Retired {
    std::unique_ptr<const T> value;
    uint32_t seen_quiet = 0;
  };

  std::atomic<uint32_t>& CountOfThread() const { return counts_[ThreadShard(kShards)].readers; }

  std::atomic<const T*> current_;
  mutable std::array<Count, kShards> counts_;
  Mutex mutex_;
  std::vector<Retired> retired_ QUERN_GUARDED_BY(mutex_);
};

}  // namespace quern::deploy
