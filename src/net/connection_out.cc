// What a connection answers, and how it ends.
#include <sys/epoll.h>
#include <sys/socket.h>

#include <utility>

#include "net/connection.h"
#include "net/server_loop.h"

namespace quern::net {
namespace {

void AppendHead(std::string* out, const HttpResponse& response, uint64_t length,
                std::string_view date, std::string_view more_lines, Keep keep) {
  BeginHead(out, response.status, date, length, response.content_type);
  for (const Header& header : response.headers) AppendHeaderLine(out, header.name, header.value);
  out->append(more_lines);
  EndHead(out, keep);
}

}  // namespace

void Connection::AnswerInline() {
  const ResponseWriter& answer = loop_.writer();
  const Keep keep = loop_.core().stopping() ? Keep::kClose : keep_;
  std::string& out = out_.buffer();
  const size_t begin = out.size();
  BeginHead(&out, answer.status(), loop_.date(), answer.body().size(), answer.content_type());
  out.append(answer.header_lines());
  EndHead(&out, keep);
  if (!head_only_ && HasBody(answer.status())) out.append(answer.body());
  if (loop_.holds()) {
    held_.push_back({begin, out.size(), head_only_, keep});
    loop_.NoteHeld();
  }
  EndRequest(keep);
}

void Connection::EndHold(const HttpResponse* error) {
  if (error != nullptr && !held_.empty()) {
    std::string& buffer = out_.buffer();
    std::string out;
    size_t at = 0;
    for (const Held& held : held_) {
      out.append(buffer, at, held.begin - at);
      AppendHead(&out, *error, error->body.size(), loop_.date(), {}, held.keep);
      if (!held.head_only) out += error->body;
      at = held.end;
    }
    out.append(buffer, at);
    buffer = std::move(out);
  }
  held_.clear();
}

void Connection::AnswerGeneral() {
  HttpResponse& response = exchange_->response();
  const bool last = exchange_->body_left() || loop_.core().stopping();
  if (last) keep_ = Keep::kClose;
  AppendHead(&out_.buffer(), response, exchange_->length(), loop_.date(), {}, keep_);
  const bool body = !head_only_ && HasBody(response.status);
  if (body && response.file != nullptr) {
    state_ = State::kFile;
    return;
  }
  if (body) out_.AddBody(std::move(response.body));
  exchange_->Reset();
  EndRequest(keep_);
}

void Connection::AnswerError(int status, std::string_view message, Keep keep,
                             std::string_view header_lines) {
  const HttpResponse response = loop_.core().RenderError(status, message);
  AppendHead(&out_.buffer(), response, response.body.size(), loop_.date(), header_lines, keep);
  if (!head_only_) out_.buffer() += response.body;
}

void Connection::Refuse(int status, std::string_view message) {
  head_only_ = false;
  AnswerError(status, message, Keep::kClose, {});
  if (exchange_ != nullptr) exchange_->Reset();
  state_ = State::kClosing;
  Send();
}

bool Connection::Unauthorized() {
  // The body is not read, and where it ends the next request would begin.
  const Keep keep = reader_.head().has_body() ? Keep::kClose : keep_;
  AnswerError(401, "a bearer token is needed", keep, "WWW-Authenticate: Bearer\r\n");
  EndRequest(keep);
  return true;
}

void Connection::EndRequest(Keep keep) {
  used_ = true;
  fresh_ = true;
  if (keep == Keep::kClose) {
    state_ = State::kClosing;
  } else {
    reader_.NextRequest();
    state_ = State::kHead;
  }
}

/// Now, or with the other answers of this wake-up.
void Connection::Send() {
  if (out_.empty() || state_ == State::kClosed) return;
  if (!loop_.holds()) return SendNow();
  if (!std::exchange(to_send_, true)) loop_.SendLater(this);
}

void Connection::SendNow() {
  to_send_ = false;
  if (state_ == State::kClosed || gone_ || out_.empty()) return;
  const Io io = out_.Send(transport_);
  if (io.kind == Io::Kind::kAgain) {
    const bool first = !std::exchange(blocked_, true);
    Listen(events_ | EPOLLOUT);
    const bool file = state_ == State::kFile;
    return Await(file ? Wait::kStall : Wait::kWrite, first || (file && io.bytes > 0));
  }
  if (io.kind != Io::Kind::kDone) return Break();
  if (std::exchange(blocked_, false)) {
    Timer::Stop();
    Listen(events_ & ~uint32_t{EPOLLOUT});
  }
  OnSent();
}

void Connection::OnSent() {
  switch (state_) {
    case State::kFile:
      return GiveFile();
    case State::kClosing:
      return Linger();
    case State::kHead:
      if (stalled_) ResumeLater();
      return AwaitMore();
    default:
      return AwaitMore();
  }
}

void Connection::GiveFile() {
  busy_ = true;
  Timer::Stop();
  Listen(events_ & ~uint32_t{EPOLLOUT});
  exchange_->GiveFile(transport_.secure() ? -1 : transport_.fd());
}

void Connection::OnFile(Exchange::Outcome outcome) {
  if (outcome == Exchange::Outcome::kFileCut) return Break();
  if (outcome == Exchange::Outcome::kFileMore) {
    if (!transport_.secure()) {
      Listen(events_ | EPOLLOUT);
      return Await(Wait::kStall, true);
    }
    out_.AddBody(std::move(exchange_->file_bytes()));
    return Send();
  }
  exchange_->Reset();
  EndRequest(keep_);
  if (state_ == State::kClosing) return Linger();
  Process();
}

/// Closing at once would reset the connection under unread bytes and lose the answer.
void Connection::Linger() {
  transport_.EndWriting();
  state_ = State::kLinger;
  reader_.Discard();
  Await(Wait::kLinger, true);
  Listen(EPOLLIN);
}

void Connection::Break() {
  out_.Clear();
  held_.clear();
  if (state_ == State::kStream && !busy_) return Abandon();
  if (!busy_) return Close();
  // Its descriptor is not given up while a worker may use it.
  gone_ = true;
  Timer::Stop();
  Unwatch();
  ::shutdown(transport_.fd(), SHUT_RDWR);
}

/// What was streamed so far goes; that may block.
void Connection::Abandon() {
  exchange_->Abandon();
  busy_ = true;
  Break();
}

void Connection::Close() {
  if (state_ == State::kClosed) return;
  Timer::Stop();
  Unwatch();
  out_.Clear();
  held_.clear();
  transport_.Close();
  state_ = State::kClosed;
  loop_.Bury(this);
}

}  // namespace quern::net
