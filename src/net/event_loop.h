#pragma once
// One thread's epoll: descriptors, timers, and messages from other threads.
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>

#include "base/fd.h"
#include "base/result.h"
#include "net/timers.h"

namespace quern::net {

/// Is told when its descriptor is ready, on the loop's thread.
class Watcher {
 public:
  /// `events` are those of epoll(7).
  virtual void OnReady(uint32_t events) = 0;

 protected:
  ~Watcher() = default;
};

/// Something that another thread hands to the loop's. It is in at most one mailbox at a time.
class Message {
 public:
  /// On the loop's thread. May delete itself.
  virtual void OnReceived() = 0;

 protected:
  virtual ~Message() = default;

 private:
  friend class EventLoop;
  Message* next_ = nullptr;
};

/// Level-triggered. All but Post() and End() is for the loop's own thread.
class EventLoop {
 public:
  explicit EventLoop(const Timers::Seconds& seconds) : timers_(seconds) {}
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Makes the descriptors. kResourceExhausted if there are none left.
  Status Open();

  /// Returns after End(). `on_wakeup` is called after each batch of events; while it says true the
  /// next batch is not waited for.
  void Run(const std::function<bool()>& on_wakeup);

  /// From any thread. The messages of one thread arrive in their order.
  void Post(Message* message);
  void Post(std::function<void()> call);
  void End();
  /// Drops what was posted and never received, once no thread runs the loop any more.
  void DropMessages();

  bool Watch(int fd, Watcher* watcher, uint32_t events);
  void Change(int fd, Watcher* watcher, uint32_t events);
  void Unwatch(int fd);

  Timers& timers() { return timers_; }
  /// Events of this batch that nobody has been told of yet.
  size_t behind() const { return behind_; }
  /// When this batch of events came.
  Clock::time_point now() const { return now_; }
  /// As now(), on the wall: seconds since 1970.
  std::time_t wall_seconds() const { return wall_; }

 private:
  struct Call;
  void ReadClocks();
  void Receive();

  UniqueFd epoll_;
  UniqueFd wake_;
  Timers timers_;
  Clock::time_point now_;
  std::time_t wall_ = 0;
  size_t behind_ = 0;
  std::atomic<bool> ended_{false};
  /// Set before the loop looks into its mailbox for the last time and sleeps: only then need a
  /// sender wake it.
  std::atomic<bool> sleeps_{false};
  /// The newest message; each points at the one before it.
  std::atomic<Message*> newest_{nullptr};
};

}  // namespace quern::net
