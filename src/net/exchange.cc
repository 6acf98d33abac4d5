#include "net/exchange.h"

#include <sys/sendfile.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <utility>

#include "base/log.h"

namespace quern::net {
namespace {

/// A file up to this size goes out in one packet train with its head.
constexpr uint64_t kSmallFile = 64u << 10;
/// Bytes of a file that one step sends, before other requests have their turn.
constexpr uint64_t kFileTurn = 4u << 20;
constexpr uint64_t kFilePiece = 256u << 10;

}  // namespace

void Exchange::Begin(const RequestHead& head) {
  request_.method = head.method;
  SplitTarget(head.target, &request_);
  request_.headers.reserve(head.headers.size());
  for (const HeaderView& header : head.headers) {
    request_.headers.push_back({std::string(header.name), std::string(header.value)});
  }
  content_length_ = head.content_length;
  has_body_ = head.has_body();
}

void Exchange::Reset() {
  request_ = HttpRequest();
  response_ = HttpResponse();
  inflater_.reset();
  file_bytes_ = std::string();
  appended_ = file_sent_ = 0;
  hook_asked_ = body_left_ = last_ = false;
  piece_ = {};
}

bool Exchange::OfferWhole(std::string_view body) {
  step_ = Step::kWhole;
  piece_ = body;
  return core_.workers().Offer(this);
}

bool Exchange::OfferHook() {
  step_ = Step::kHook;
  return core_.workers().Offer(this);
}

void Exchange::GivePiece(std::string_view piece, bool last) {
  piece_ = piece;
  last_ = last;
  Give(Step::kPiece);
}

void Exchange::GiveFile(int fd) {
  fd_ = fd;
  Give(Step::kFile);
}

void Exchange::Give(Step step) {
  step_ = step;
  core_.workers().Give(this);
}

void Exchange::OnWorker() {
  try {
    outcome_ = Run();
  } catch (const std::exception& exception) {
    Log(LogLevel::kError, std::string("http server: ") + exception.what());
    outcome_ = step_ == Step::kFile ? Outcome::kFileCut : Refuse(500, "internal error");
  }
  loop_.Post(this);
}

Exchange::Outcome Exchange::Run() {
  switch (step_) {
    case Step::kHook:
      return AskHook();
    case Step::kWhole:
      return TakeWhole();
    case Step::kPiece:
      return TakePiece();
    case Step::kFile:
      return fd_ < 0 ? ReadFile() : SendFile();
    case Step::kAbandon:
      Reset();
      return Outcome::kAbandoned;
  }
  return Outcome::kAbandoned;
}

Exchange::Outcome Exchange::Refuse(int status, std::string message) {
  refusal_ = Refusal{status, std::move(message)};
  request_ = HttpRequest();
  return Outcome::kRefused;
}

Exchange::Outcome Exchange::TooLarge(uint64_t limit) {
  return Refuse(413, "the body is above the limit of " + std::to_string(limit) + " bytes");
}

Exchange::Outcome Exchange::AskHook() {
  hook_asked_ = true;
  auto sink = core_.OpenSink(request_);
  if (!sink) {
    request_.body_error = std::move(sink).error();
    body_left_ = has_body_ && step_ == Step::kHook;
    return Handle();
  }
  if (*sink == nullptr) return Outcome::kNoSink;
  request_.sink = std::move(*sink);
  const std::string_view encoding = request_.Find("Content-Encoding");
  if (content_length_ > request_.sink->max_bytes()) {
    return Refuse(413, "a body of " + std::to_string(content_length_) +
                           " bytes is above the limit of " +
                           std::to_string(request_.sink->max_bytes()));
  }
  if (!IsEncoded(encoding)) return Outcome::kSink;
  auto inflater = Inflater::Make(encoding);
  if (!inflater) {
    const bool unknown = inflater.error().code == Code::kInvalidArgument;
    return Refuse(unknown ? 415 : 503, inflater.error().message);
  }
  inflater_ = std::move(*inflater);
  return Outcome::kSink;
}

Exchange::Outcome Exchange::TakeWhole() {
  if (core_.options().body_hook && !hook_asked_) {
    const Outcome outcome = AskHook();
    if (outcome == Outcome::kSink) {
      last_ = true;
      return TakePiece();
    }
    if (outcome != Outcome::kNoSink) return outcome;
  }
  const uint64_t limit = core_.options().max_body;
  if (piece_.size() > limit) return TooLarge(limit);
  const std::string_view encoding = request_.Find("Content-Encoding");
  if (!IsEncoded(encoding)) {
    request_.body = piece_;
    return Handle();
  }
  auto plain = Decompress(piece_, encoding, limit);
  if (!plain) {
    const bool size = plain.error().code == Code::kResourceExhausted;
    return Refuse(size ? 413 : 400, plain.error().message);
  }
  request_.body = std::move(*plain);
  return Handle();
}

Exchange::Outcome Exchange::TakePiece() {
  Outcome outcome = Outcome::kTaken;
  if (inflater_ == nullptr) {
    outcome = Append(piece_);
  } else {
    Status inflated = inflater_->Push(piece_, [&](std::string_view plain) -> Status {
      outcome = Append(plain);
      if (outcome == Outcome::kTaken) return {};
      return Fail(Code::kAborted, "stopped");
    });
    if (outcome == Outcome::kTaken && !inflated) return Refuse(400, inflated.error().message);
  }
  if (outcome != Outcome::kTaken || !last_) return outcome;
  if (inflater_ != nullptr && !inflater_->done()) {
    return Refuse(400, "the body is not whole compressed data");
  }
  return Handle();
}

Exchange::Outcome Exchange::Append(std::string_view bytes) {
  if (bytes.empty()) return Outcome::kTaken;
  appended_ += bytes.size();
  if (appended_ > request_.sink->max_bytes()) return TooLarge(request_.sink->max_bytes());
  if (Status taken = request_.sink->Append(bytes); !taken) {
    request_.body_error = std::move(taken).error();
    body_left_ = true;
    return Handle();
  }
  return Outcome::kTaken;
}

Exchange::Outcome Exchange::Handle() {
  response_ = core_.Handle(request_);
  const bool head_only = request_.method == "HEAD";
  request_ = HttpRequest();
  length_ = response_.file ? response_.file->length() : response_.body.size();
  if (head_only) {
    response_.file.reset();
    response_.body.clear();
  }
  if (response_.file && length_ <= kSmallFile && response_.file->ReadInto(&response_.body)) {
    response_.file.reset();
  }
  return Outcome::kAnswered;
}

Exchange::Outcome Exchange::SendFile() {
  const FileBody& file = *response_.file;
  const uint64_t end = std::min(file.length(), file_sent_ + kFileTurn);
  while (file_sent_ < end) {
    auto at = static_cast<off_t>(file.offset() + file_sent_);
    const ssize_t sent = ::sendfile(fd_, file.fd(), &at, end - file_sent_);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return Outcome::kFileMore;
    if (sent <= 0) return Outcome::kFileCut;
    file_sent_ += static_cast<uint64_t>(sent);
  }
  return file_sent_ == file.length() ? Outcome::kFileSent : Outcome::kFileMore;
}

Exchange::Outcome Exchange::ReadFile() {
  const FileBody& file = *response_.file;
  if (file_sent_ == file.length()) return Outcome::kFileSent;
  const uint64_t size = std::min(file.length() - file_sent_, kFilePiece);
  file_bytes_.resize(size);
  ssize_t got = 0;
  do {
    got = ::pread(file.fd(), file_bytes_.data(), size,
                  static_cast<off_t>(file.offset() + file_sent_));
  } while (got < 0 && errno == EINTR);
  if (got <= 0) return Outcome::kFileCut;
  file_bytes_.resize(static_cast<size_t>(got));
  file_sent_ += static_cast<uint64_t>(got);
  return Outcome::kFileMore;
}

}  // namespace quern::net
