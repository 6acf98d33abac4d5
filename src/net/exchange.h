#pragma once
// One request on its way through the general handler, which may block: what worker threads do for a
// connection.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/compression.h"
#include "net/event_loop.h"
#include "net/http.h"
#include "net/request_head.h"
#include "net/server_core.h"
#include "net/worker_pool.h"

namespace quern::net {

/// The connection fills it, submits a step, and takes the outcome on its loop's thread; between the
/// two it belongs to a worker.
class Exchange final : public Work, public Message {
 public:
  enum class Step {
    kHook,     // ask the hook where the body goes
    kWhole,    // the whole body lies in `piece`: handle the request
    kPiece,    // hand `piece` to the sink; if `last`, handle the request
    kFile,     // send, or with TLS read, the next part of the answer's file
    kAbandon,  // the client has gone: let go of everything
  };
  enum class Outcome {
    kSink,      // the body is to be streamed
    kNoSink,    // the body is to be buffered
    kTaken,     // the next piece, please
    kAnswered,  // `response` is the handler's
    kRefused,   // `refusal` is the answer, and the connection closes
    kFileMore,  // part of the file is sent, or lies in `file_bytes`
    kFileSent,
    kFileCut,  // the file has become shorter, or the client has gone
    kAbandoned,
  };
  class Owner {
   public:
    /// On the loop's thread.
    virtual void OnExchanged(Outcome outcome) = 0;

   protected:
    ~Owner() = default;
  };

  Exchange(ServerCore& core, EventLoop& loop, Owner& owner)
      : core_(core), loop_(loop), owner_(owner) {}

  /// Copies the head.
  void Begin(const RequestHead& head);
  /// The connection's own; valid from a step's outcome until the next step.
  const HttpRequest& request() const { return request_; }
  HttpResponse& response() { return response_; }
  const Refusal& refusal() const { return refusal_; }
  /// The answer comes before the body has been read: nothing may follow it.
  bool body_left() const { return body_left_; }
  /// Bytes that the answer's head announces.
  uint64_t length() const { return length_; }
  std::string& file_bytes() { return file_bytes_; }

  /// False if too much waits for a worker already.
  bool OfferWhole(std::string_view body);
  bool OfferHook();
  void GivePiece(std::string_view piece, bool last);
  /// Sends to `fd` itself, or with -1 reads into file_bytes().
  void GiveFile(int fd);
  void Abandon() { Give(Step::kAbandon); }
  /// Lets go of request and answer.
  void Reset();

 private:
  void OnWorker() override;
  void OnReceived() override { owner_.OnExchanged(outcome_); }
  void Give(Step step);
  Outcome Run();
  Outcome AskHook();
  Outcome TakeWhole();
  Outcome TakePiece();
  Outcome Append(std::string_view bytes);
  Outcome Handle();
  Outcome SendFile();
  Outcome ReadFile();
  Outcome Refuse(int status, std::string message);
  Outcome TooLarge(uint64_t limit);

  ServerCore& core_;
  EventLoop& loop_;
  Owner& owner_;
  Step step_ = Step::kHook;
  Outcome outcome_ = Outcome::kAnswered;
  HttpRequest request_;
  uint64_t content_length_ = 0;
  bool has_body_ = false;
  bool hook_asked_ = false;
  std::string_view piece_;
  bool last_ = false;
  std::unique_ptr<Inflater> inflater_;
  uint64_t appended_ = 0;
  HttpResponse response_;
  uint64_t length_ = 0;
  bool body_left_ = false;
  Refusal refusal_;
  int fd_ = -1;
  uint64_t file_sent_ = 0;
  std::string file_bytes_;
};

}  // namespace quern::net
