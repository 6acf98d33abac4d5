#pragma once
// One event loop of a server: its connections, and what they share.
#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/fd.h"
#include "net/buffer_pool.h"
#include "net/event_loop.h"
#include "net/inflate_once.h"
#include "net/inline.h"
#include "net/response_head.h"
#include "net/server_core.h"

namespace quern::net {

class Connection;

/// All but Add(), Drain(), End() and load() is for the loop's own thread.
class ServerLoop {
 public:
  ServerLoop(ServerCore& core, size_t index);
  ~ServerLoop();
  ServerLoop(const ServerLoop&) = delete;
  ServerLoop& operator=(const ServerLoop&) = delete;

  Status Open() { return events_.Open(); }
  /// Until End().
  void Run();

  /// From any thread. `full`: the server has too many connections, and this one is told so.
  void Add(UniqueFd socket, bool full);
  /// Connections that ask nothing are closed, the others after their answers. From any thread.
  void Drain();
  void End() { events_.End(); }
  /// Connections, about.
  size_t load() const { return load_.load(std::memory_order_relaxed); }

  ServerCore& core() { return core_; }
  EventLoop& events() { return events_; }
  BufferPool& buffers() { return buffers_; }
  std::string_view date() { return date_.At(events_.wall_seconds()); }

  /// Asks the inline handler; what it wrote is in writer() if true: an answer, or with a ticket()
  /// the wish to be asked again with that. `ticket`: what it was given before, 0 the first time.
  bool Ask(const RequestHead& head, std::string_view body, size_t ticket);
  ResponseWriter& writer() { return writer_; }

  /// True if answers have to wait for the end of the wake-up.
  bool holds() const { return core_.options().after_wakeup != nullptr; }
  /// An answer of the inline handler is held: its Connection::EndHold() will be called, if it was
  /// given to SendLater().
  void NoteHeld() { held_ = true; }
  /// The connection has something to send at the end of this wake-up.
  void SendLater(Connection* connection) { to_send_.push_back(connection); }
  /// The connection has received more than it has read: it goes on in the next wake-up.
  void ResumeLater(Connection* connection) { to_resume_.push_back(connection); }
  /// The connection's request is asked again (ServerOptions::again_delay).
  void AskAgainLater(Connection* connection);
  /// The connection ends with this wake-up.
  void Bury(Connection* connection) { buried_.push_back(connection); }

 private:
  void Adopt(UniqueFd socket, bool full);
  bool OnWakeup();
  void EndHold();
  void AskAgain();

  /// The end of ServerOptions::again_delay.
  class AgainTimer final : public Timer {
   public:
    void OnTimeout(Wait /*wait*/) override { due = true; }
    bool due = false;
  };

  ServerCore& core_;
  const size_t index_;
  EventLoop events_;
  BufferPool buffers_;
  DateLine date_;
  ResponseWriter writer_;
  InflateOnce inflate_;
  std::string plain_;
  std::atomic<size_t> load_{0};
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> to_send_;
  std::vector<Connection*> to_resume_;
  std::vector<Connection*> resuming_;
  std::vector<Connection*> to_ask_;
  std::vector<Connection*> asking_;
  AgainTimer again_;
  std::vector<Connection*> buried_;
  bool held_ = false;
};

}  // namespace quern::net
