#pragma once
// Annotated mutex: clang's -Wthread-safety checks what a lock guards; empty macros under g++.
#include <mutex>

#if defined(__clang__)
#define QUERN_TSA(x) __attribute__((x))
#else
#define QUERN_TSA(x)
#endif
#define QUERN_GUARDED_BY(x) QUERN_TSA(guarded_by(x))
#define QUERN_REQUIRES(...) QUERN_TSA(requires_capability(__VA_ARGS__))

namespace quern {

class QUERN_TSA(capability("mutex")) Mutex {
 public:
  void Lock() QUERN_TSA(acquire_capability()) { mutex_.lock(); }
  void Unlock() QUERN_TSA(release_capability()) { mutex_.unlock(); }
  /// For std::condition_variable.
  std::mutex& native() { return mutex_; }

 private:
  std::mutex mutex_;
};

class QUERN_TSA(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) QUERN_TSA(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.Lock();
  }
  ~MutexLock() QUERN_TSA(release_capability()) { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace quern
