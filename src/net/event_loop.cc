#include "net/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <string>
#include <utility>

namespace quern::net {
namespace {

constexpr size_t kBatch = 128;

}  // namespace

/// Allocated for each call, so not for what happens with every request.
struct EventLoop::Call final : Message {
  explicit Call(std::function<void()> the_call) : call(std::move(the_call)) {}
  void OnReceived() override {
    call();
    delete this;
  }
  std::function<void()> call;
};

EventLoop::~EventLoop() { DropMessages(); }

Status EventLoop::Open() {
  epoll_ = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
  wake_ = UniqueFd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  epoll_event event{};
  // Edge-triggered: every write wakes the loop once, and nobody has to read the counter.
  event.events = EPOLLIN | EPOLLET;
  if (!epoll_.valid() || !wake_.valid() ||
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) != 0) {
    return Fail(Code::kResourceExhausted,
                std::string("cannot make an event loop: ") + std::strerror(errno),
                "raise the limit of open files (ulimit -n)");
  }
  ReadClocks();
  return {};
}

void EventLoop::ReadClocks() {
  now_ = Clock::now();
  timespec wall{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &wall);
  wall_ = wall.tv_sec;
}

void EventLoop::Run(const std::function<bool()>& on_wakeup) {
  std::array<epoll_event, kBatch> events;
  bool more = false;
  while (!ended_.load()) {
    sleeps_.store(true);
    const bool has_messages = newest_.load() != nullptr || ended_.load();
    const int timeout = more || has_messages ? 0 : timers_.UntilNext(Clock::now());
    const int count = ::epoll_wait(epoll_.get(), events.data(), kBatch, timeout);
    sleeps_.store(false);
    ReadClocks();
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<size_t>(i)];
      behind_ = static_cast<size_t>(count - i - 1);
      if (event.data.ptr != nullptr) static_cast<Watcher*>(event.data.ptr)->OnReady(event.events);
    }
    Receive();
    timers_.Fire(now_);
    more = on_wakeup();
  }
}

void EventLoop::Receive() {
  Message* newest = newest_.exchange(nullptr);
  Message* oldest = nullptr;
  while (newest != nullptr) {
    Message* before = newest->next_;
    newest->next_ = oldest;
    oldest = newest;
    newest = before;
  }
  while (oldest != nullptr) {
    Message* message = oldest;
    oldest = oldest->next_;
    message->OnReceived();
  }
}

void EventLoop::Post(Message* message) {
  message->next_ = newest_.load(std::memory_order_relaxed);
  while (!newest_.compare_exchange_weak(message->next_, message)) {
  }
  if (!sleeps_.load()) return;
  const uint64_t one = 1;
  // Fails only when the counter is full, and then the loop has been woken often enough.
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

void EventLoop::Post(std::function<void()> call) { Post(new Call(std::move(call))); }

void EventLoop::End() {
  ended_.store(true);
  Post([] {});
}

void EventLoop::DropMessages() {
  Message* newest = newest_.exchange(nullptr);
  while (newest != nullptr) {
    Message* before = newest->next_;
    // The other messages belong to whoever sent them.
    delete dynamic_cast<Call*>(newest);
    newest = before;
  }
}

bool EventLoop::Watch(int fd, Watcher* watcher, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = watcher;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void EventLoop::Change(int fd, Watcher* watcher, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = watcher;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

void EventLoop::Unwatch(int fd) { ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

}  // namespace quern::net
