#include "net/connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <utility>

#include "net/server_loop.h"

namespace quern::net {
namespace {

constexpr size_t kMaxLinger = 1u << 20;
/// With this much to send, pipelined requests wait. A large body alone is more.
constexpr size_t kMaxUnsent = 64u << 10;

}  // namespace

Connection::Connection(ServerLoop& loop, Transport transport)
    : loop_(loop),
      transport_(std::move(transport)),
      reader_(loop.buffers(), loop.core().options().max_header) {}

Connection::~Connection() = default;

void Connection::Start(bool full) {
  full_ = full;
  events_ = EPOLLIN;
  watched_ = loop_.events().Watch(transport_.fd(), this, events_);
  if (!watched_) return Close();
  if (transport_.secure()) {
    state_ = State::kHandshake;
    Await(Wait::kHandshake, true);
  } else if (full_) {
    Refuse(503, "too many open connections");
  } else if (loop_.core().stopping()) {
    Drain();
  } else {
    AwaitMore();
  }
}

void Connection::Drain() {
  if (state_ == State::kHandshake) return Close();
  if (state_ != State::kHead || !reader_.empty() || !out_.empty()) return;
  // What has arrived by now is answered.
  Receive();
  AwaitMore();
}

bool Connection::Reads() const {
  if (busy_ || !out_.empty()) return false;
  return state_ == State::kHead || state_ == State::kBody || state_ == State::kStream ||
         state_ == State::kLinger;
}

void Connection::OnReady(uint32_t events) {
  if (state_ == State::kClosed) return;
  if (state_ == State::kHandshake) return Handshake();
  const bool hung = (events & (EPOLLERR | EPOLLHUP)) != 0;
  if (hung || (events & EPOLLOUT) != 0) {
    if (blocked_) SendNow();
    if (!blocked_ && state_ == State::kFile && !busy_) return GiveFile();
    if (state_ == State::kClosed || gone_) return;
  }
  if (!hung && (events & EPOLLIN) == 0) return;
  if (Reads()) {
    // Resume() answers what has come before more is read, or the end.
    if (!stalled_) Receive();
    return;
  }
  if (!hung) return Listen(events_ & ~uint32_t{EPOLLIN});
  if (busy_) return Unwatch();
  Break();
}

void Connection::Handshake() {
  const Io io = transport_.tls()->Handshake();
  switch (io.kind) {
    case Io::Kind::kDone:
      state_ = State::kHead;
      if (full_) return Refuse(503, "too many open connections");
      return AwaitMore();
    case Io::Kind::kAgain:
      return Listen(transport_.tls()->wants_write() ? EPOLLOUT : EPOLLIN);
    case Io::Kind::kPlain:
      transport_.DropTls();
      state_ = State::kHead;
      return Refuse(400, "this port speaks HTTPS, not HTTP");
    default:
      // OpenSSL has told the client why: that is not to be lost under bytes that were not read.
      transport_.DropTls();
      return Linger();
  }
}

void Connection::Receive() {
  do {
    const Io io = transport_.Read(reader_.Space());
    if (io.kind == Io::Kind::kAgain) return reader_.Rewind();
    if (io.kind != Io::Kind::kDone) return OnEnd();
    if (state_ == State::kLinger) {
      reader_.Discard();
      lingered_ += io.bytes;
      if (lingered_ > kMaxLinger) return Close();
    } else {
      reader_.Received(io.bytes);
      Process();
    }
  } while (Reads() && !stalled_ && transport_.pending());
}

/// The client sends nothing more.
void Connection::OnEnd() {
  if (state_ == State::kLinger) return Close();
  if (state_ == State::kStream) return Abandon();
  Close();
}

void Connection::Resume() {
  to_resume_ = false;
  if (!Reads() || state_ == State::kLinger) return;
  Process();
  if (Reads() && !stalled_ && transport_.pending()) Receive();
}

void Connection::Process() {
  stalled_ = false;
  while (Step()) {
  }
  Send();
  AwaitMore();
}

bool Connection::Step() {
  if (busy_) return false;
  switch (state_) {
    case State::kHead: {
      if (out_.waiting() >= kMaxUnsent) {
        stalled_ = !reader_.empty();
        return false;
      }
      const auto event = reader_.ReadHead();
      if (event == RequestReader::Event::kHead) return OnHead();
      if (event == RequestReader::Event::kMore) return false;
      break;
    }
    case State::kBody: {
      const auto event = reader_.ReadBody();
      if (event == RequestReader::Event::kBody) return OnBody();
      if (event == RequestReader::Event::kMore) {
        ContinueIfExpected();
        return false;
      }
      break;
    }
    case State::kStream:
      return OnPiece(reader_.ReadBody());
    default:
      return false;
  }
  Refuse(reader_.refusal().status, reader_.refusal().message);
  return false;
}

bool Connection::OnHead() {
  const RequestHead& head = reader_.head();
  const ServerOptions& options = loop_.core().options();
  keep_ = !head.keep_alive ? Keep::kClose : head.version == 10 ? Keep::kOpenSaid : Keep::kOpen;
  head_only_ = head.method == "HEAD";
  hook_asked_ = false;
  expects_continue_ = head.expects_continue;
  if (!loop_.core().Admits(head)) return Unauthorized();
  if (options.body_hook && !reader_.body_is_here()) {
    if (exchange_ == nullptr) {
      exchange_ = std::make_unique<Exchange>(loop_.core(), loop_.events(), *this);
    }
    exchange_->Begin(head);
    hook_asked_ = true;
    return HandOver(exchange_->OfferHook(), false);
  }
  // The hook, which is asked together with the handler, may let a longer one through.
  reader_.BufferBody(options.body_hook ? UINT64_MAX : options.max_body);
  state_ = State::kBody;
  return true;
}

bool Connection::OnBody() {
  if (!loop_.Ask(reader_.head(), reader_.body(), 0)) return HandToWorker();
  ticket_ = loop_.writer().ticket();
  if (ticket_ == 0) {
    AnswerInline();
    return true;
  }
  busy_ = true;
  state_ = State::kHandled;
  Timer::Stop();
  loop_.AskAgainLater(this);
  return false;
}

void Connection::AskAgain() {
  busy_ = false;
  if (gone_) return Close();
  state_ = State::kBody;
  if (loop_.Ask(reader_.head(), reader_.body(), ticket_) && loop_.writer().ticket() == 0) {
    AnswerInline();
  } else {
    HandToWorker();
  }
  Process();
}

/// True if there is more to do on this thread.
bool Connection::HandToWorker() {
  if (!hook_asked_) {
    if (exchange_ == nullptr) {
      exchange_ = std::make_unique<Exchange>(loop_.core(), loop_.events(), *this);
    }
    exchange_->Begin(reader_.head());
  }
  return HandOver(exchange_->OfferWhole(reader_.body()), true);
}

/// True if there is more to do on this thread.
bool Connection::HandOver(bool offered, bool body_read) {
  if (offered) {
    busy_ = true;
    state_ = State::kHandled;
    Timer::Stop();
    return false;
  }
  exchange_->Reset();
  const Keep keep = body_read ? keep_ : Keep::kClose;
  AnswerError(503, "the server is busy", keep, "Retry-After: 1\r\n");
  EndRequest(keep);
  return true;
}

bool Connection::OnPiece(RequestReader::Event event) {
  switch (event) {
    case RequestReader::Event::kMore:
      ContinueIfExpected();
      return false;
    case RequestReader::Event::kPiece:
    case RequestReader::Event::kEnd:
      exchange_->GivePiece(reader_.body(), event == RequestReader::Event::kEnd);
      break;
    default:
      // Refused once the sink, which may block, is gone.
      exchange_->Abandon();
  }
  busy_ = true;
  Timer::Stop();
  return false;
}

void Connection::ContinueIfExpected() {
  if (!std::exchange(expects_continue_, false) || reader_.unread() > 0) return;
  out_.buffer() += "HTTP/1.1 100 Continue\r\n\r\n";
}

void Connection::OnExchanged(Exchange::Outcome outcome) {
  using Outcome = Exchange::Outcome;
  busy_ = false;
  if (gone_) {
    if (outcome == Outcome::kAbandoned) return Close();
    exchange_->Abandon();
    busy_ = true;
    return;
  }
  switch (outcome) {
    case Outcome::kSink:
      state_ = State::kStream;
      reader_.StreamBody(exchange_->request().sink->max_bytes());
      break;
    case Outcome::kNoSink:
      state_ = State::kBody;
      reader_.BufferBody(loop_.core().options().max_body);
      break;
    case Outcome::kTaken:
      break;
    case Outcome::kAnswered:
      AnswerGeneral();
      break;
    case Outcome::kRefused:
      Refuse(exchange_->refusal().status, exchange_->refusal().message);
      break;
    case Outcome::kAbandoned:
      Refuse(reader_.refusal().status, reader_.refusal().message);
      break;
    default:
      return OnFile(outcome);
  }
  Process();
}

void Connection::OnTimeout(Wait wait) {
  if (wait == Wait::kLinger) return Close();
  Break();
}

/// Starts the wait that the state asks for, and listens for what it waits for.
void Connection::AwaitMore() {
  if (!Reads() || state_ == State::kLinger) return;
  const bool idle = state_ == State::kHead && reader_.empty();
  if (idle && loop_.core().stopping()) {
    // The end comes before the reset that a request which crosses it would get.
    transport_.EndWriting();
    return Close();
  }
  Listen(EPOLLIN);
  if (transport_.pending()) ResumeLater();
  const bool anew = std::exchange(fresh_, false);
  if (state_ == State::kBody) {
    Await(Wait::kBody, anew);
  } else if (state_ == State::kStream) {
    Await(Wait::kStall, true);
  } else if (!idle) {
    Await(Wait::kHeader, anew);
  } else {
    Await(used_ ? Wait::kIdle : Wait::kHandshake, anew);
  }
}

void Connection::Await(Wait wait, bool anew) {
  if (state_ == State::kClosed) return;
  if (!anew && wait == wait_ && Timer::waits()) return;
  wait_ = wait;
  loop_.events().timers().Start(this, wait, loop_.events().now());
}

void Connection::ResumeLater() {
  if (std::exchange(to_resume_, true)) return;
  loop_.ResumeLater(this);
}

void Connection::Listen(uint32_t events) {
  if (!watched_) {
    watched_ = loop_.events().Watch(transport_.fd(), this, events);
    events_ = events;
    // Without it nothing would ever end the connection.
    if (!watched_) Break();
  } else if (events != events_) {
    loop_.events().Change(transport_.fd(), this, events);
    events_ = events;
  }
}

void Connection::Unwatch() {
  if (watched_) loop_.events().Unwatch(transport_.fd());
  watched_ = false;
}

}  // namespace quern::net
