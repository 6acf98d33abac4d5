#pragma once
// TLS for a protocol that another library speaks over plain sockets: its bytes go through a pair of
// them.
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "base/mutex.h"
#include "base/result.h"
#include "net/event_loop.h"
#include "net/tls.h"

namespace quern::net {

/// One thread that carries bytes between clients, who speak TLS, and the library, which does not.
/// Nobody's bytes are kept beyond a piece each way: who does not take them is not read from.
/// Thread-safe.
class TlsRelay {
 public:
  /// The library's end of a connection that has agreed on TLS: a nonblocking socket, which is the
  /// callee's to close. Called on the relay's thread.
  using Agreed = std::function<void(int plain)>;

  /// Borrows `tls`. kResourceExhausted without descriptors.
  static Result<std::unique_ptr<TlsRelay>> Start(TlsContext& tls, Agreed agreed);
  /// Close(), and Finish() at once.
  ~TlsRelay();
  TlsRelay(const TlsRelay&) = delete;
  TlsRelay& operator=(const TlsRelay&) = delete;

  /// A connection that was accepted, nonblocking.
  void Take(UniqueFd connection);
  /// `agreed` is not called any more: who has not agreed by now is cut off.
  void Close();
  /// Waits until every connection has ended, cuts off what is left after `seconds`, and ends the
  /// thread. The library should have closed its ends. Idempotent.
  void Finish(double seconds);

 private:
  class Link;
  TlsRelay(TlsContext& tls, Agreed agreed);
  void Run();
  void Adopt(UniqueFd connection);
  void Bury(Link* link);

  TlsContext& tls_;
  const Agreed agreed_;
  EventLoop loop_;
  // Of the relay's thread.
  bool closed_ = false;
  std::map<Link*, std::unique_ptr<Link>> links_;
  std::vector<std::unique_ptr<Link>> buried_;  // events of this wake-up may still name them
  std::vector<char> piece_;

  Mutex mutex_;
  std::condition_variable left_;
  size_t open_ QUERN_GUARDED_BY(mutex_) = 0;
  std::thread thread_;
};

}  // namespace quern::net
