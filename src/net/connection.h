#pragma once
// One accepted connection and its requests, one after the other.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "net/event_loop.h"
#include "net/exchange.h"
#include "net/outgoing.h"
#include "net/request_reader.h"
#include "net/response_head.h"
#include "net/timers.h"
#include "net/transport.h"

namespace quern::net {

class ServerLoop;

/// Lives on its loop's thread. While a worker has its request nothing of the next one is read.
class Connection final : public Watcher, public Timer, public Exchange::Owner {
 public:
  Connection(ServerLoop& loop, Transport transport);
  ~Connection();

  /// `full`: the only answer is that the server has too many connections.
  void Start(bool full);
  /// Closes if nothing is asked; else the answers that follow are the last ones.
  void Drain();
  /// Reads on, after ServerLoop::ResumeLater().
  void Resume();
  /// Sends what there is to send.
  void SendNow();
  /// Asks the inline handler again, after ServerLoop::AskAgainLater().
  void AskAgain();
  /// The wake-up is over: answers of the inline handler may go, or become `error`.
  void EndHold(const HttpResponse* error);

 private:
  enum class State {
    kHandshake,
    kHead,     // between requests, or in a head
    kBody,     // a body that is buffered
    kStream,   // a body that is streamed
    kHandled,  // a worker has the request, or it is to be asked again
    kFile,     // the answer's file goes out
    kClosing,  // what there is to send is the last
    kLinger,   // everything is sent; what the client still sends is thrown away
    kClosed,
  };
  /// An answer of the inline handler that waits for the end of the wake-up.
  struct Held {
    size_t begin = 0;
    size_t end = 0;
    bool head_only = false;
    Keep keep = Keep::kOpen;
  };

  void OnReady(uint32_t events) override;
  void OnTimeout(Wait wait) override;
  void OnExchanged(Exchange::Outcome outcome) override;

  bool Reads() const;
  void Handshake();
  void Receive();
  void OnEnd();
  /// Takes apart and answers what has been received, as far as it goes.
  void Process();
  bool Step();
  bool OnHead();
  bool OnBody();
  bool OnPiece(RequestReader::Event event);
  bool Unauthorized();
  bool HandOver(bool offered, bool body_read);
  bool HandToWorker();
  void ContinueIfExpected();

  void AnswerInline();
  void AnswerGeneral();
  void AnswerError(int status, std::string_view message, Keep keep, std::string_view header_lines);
  /// Answers one error and closes.
  void Refuse(int status, std::string_view message);
  void EndRequest(Keep keep);

  void Send();
  void OnSent();
  void GiveFile();
  void OnFile(Exchange::Outcome outcome);
  void Linger();
  /// The client has gone, or is too slow.
  void Break();
  void Abandon();
  void Close();

  void AwaitMore();
  void Await(Wait wait, bool anew);
  void ResumeLater();
  void Listen(uint32_t events);
  void Unwatch();

  ServerLoop& loop_;
  Transport transport_;
  RequestReader reader_;
  Outgoing out_;
  std::unique_ptr<Exchange> exchange_;
  std::vector<Held> held_;
  State state_ = State::kHead;
  /// What epoll tells of.
  uint32_t events_ = 0;
  bool watched_ = false;
  Wait wait_ = Wait::kHeader;
  /// Nobody has waited for this request yet.
  bool fresh_ = true;
  /// A worker has the request, or it waits to be asked again.
  bool busy_ = false;
  /// The socket has taken less than there is to send.
  bool blocked_ = false;
  /// It is in the loop's lists.
  bool to_send_ = false;
  bool to_resume_ = false;
  /// Requests have come that wait for room for their answers: nothing more is read.
  bool stalled_ = false;
  /// The client has gone while a worker had the request.
  bool gone_ = false;
  bool full_ = false;
  /// One request at least was answered.
  bool used_ = false;
  bool hook_asked_ = false;
  bool expects_continue_ = false;
  /// Of the request under way.
  Keep keep_ = Keep::kOpen;
  bool head_only_ = false;
  size_t ticket_ = 0;
  size_t lingered_ = 0;
};

}  // namespace quern::net
