#include "net/body_reader.h"

#include <boost/beast/http/read.hpp>
#include <chrono>

namespace quern::net {
namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

constexpr size_t kChunk = 256u << 10;

BodyEnd Ended(BodyEnd::Kind kind, Error error = {}) { return {kind, std::move(error)}; }

BodyEnd TooLarge(const BodySink& sink) {
  return Ended(BodyEnd::Kind::kTooLarge,
               {Code::kResourceExhausted,
                "the body is above the limit of " + std::to_string(sink.max_bytes()) + " bytes",
                "",
                {},
                {}});
}

BodyEnd Malformed(std::string message) {
  return Ended(BodyEnd::Kind::kMalformed, {Code::kInvalidArgument, std::move(message), "", {}, {}});
}

}  // namespace

BodyReader::BodyReader(beast::tcp_stream& stream, beast::flat_buffer& buffer, HeadParser&& parser,
                       std::shared_ptr<BodySink> sink, std::unique_ptr<Inflater> inflater,
                       double stall)
    : stream_(stream),
      buffer_(buffer),
      parser_(std::move(parser)),
      sink_(std::move(sink)),
      inflater_(std::move(inflater)),
      stall_(stall),
      chunk_(kChunk) {
  parser_.body_limit(sink_->max_bytes());
  parser_.eager(true);
}

void BodyReader::Start(std::shared_ptr<void> owner, std::function<void(BodyEnd)> done) {
  done_ = std::move(done);
  Next(owner);
}

void BodyReader::Next(const std::shared_ptr<void>& owner) {
  if (parser_.is_done()) {
    bool cut = inflater_ != nullptr && !inflater_->done();
    return Finish(cut ? Malformed("the body is not whole compressed data") : BodyEnd());
  }
  auto& body = parser_.get().body();
  body.data = chunk_.data();
  body.size = chunk_.size();
  stream_.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(stall_)));
  http::async_read_some(stream_, buffer_, parser_,
                        [this, owner](beast::error_code error, size_t) { OnBytes(error, owner); });
}

void BodyReader::OnBytes(beast::error_code error, const std::shared_ptr<void>& owner) {
  if (error == http::error::need_buffer) error = {};
  if (error == http::error::body_limit) return Finish(TooLarge(*sink_));
  if (error == beast::error::timeout || error == http::error::partial_message ||
      error == http::error::end_of_stream) {
    return Finish(Ended(BodyEnd::Kind::kBroken));
  }
  if (error && error.category() == http::make_error_code(http::error::bad_chunk).category()) {
    return Finish(Malformed("malformed body: " + error.message()));
  }
  if (error) return Finish(Ended(BodyEnd::Kind::kBroken));
  BodyEnd end = Take({chunk_.data(), chunk_.size() - parser_.get().body().size});
  if (end.kind != BodyEnd::Kind::kWhole) return Finish(std::move(end));
  Next(owner);
}

BodyEnd BodyReader::Take(std::string_view bytes) {
  if (bytes.empty()) return {};
  if (inflater_ == nullptr) return Append(bytes);
  BodyEnd end;
  Status inflated = inflater_->Push(bytes, [&](std::string_view plain) -> Status {
    end = Append(plain);
    if (end.kind == BodyEnd::Kind::kWhole) return {};
    return Fail(Code::kAborted, "stopped");
  });
  if (end.kind == BodyEnd::Kind::kWhole && !inflated) return Malformed(inflated.error().message);
  return end;
}

BodyEnd BodyReader::Append(std::string_view bytes) {
  appended_ += bytes.size();
  if (appended_ > sink_->max_bytes()) return TooLarge(*sink_);
  if (Status taken = sink_->Append(bytes); !taken) {
    return Ended(BodyEnd::Kind::kRefused, std::move(taken).error());
  }
  return {};
}

void BodyReader::Finish(BodyEnd end) {
  auto done = std::move(done_);
  done(std::move(end));
}

}  // namespace quern::net
