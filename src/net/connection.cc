#include "net/connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <chrono>
#include <ctime>

#include "net/compression.h"

namespace quern::net {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

constexpr size_t kReadChunk = 16u << 10;
/// Room behind a head for the first bytes of a body; also bounds one chunk header of a chunked
/// body.
constexpr size_t kBodyChunk = 64u << 10;
/// A file up to this size goes out in one packet train with its head.
constexpr uint64_t kSmallFile = 64u << 10;
constexpr double kLingerSeconds = 2;
constexpr size_t kMaxLinger = 1u << 20;

std::chrono::steady_clock::duration Seconds(double seconds) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(seconds));
}

std::string HttpDate() {
  std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 40> text{};
  size_t length = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return {text.data(), length};
}

/// True if the first line has three words and ends in "HTTP/" and two digits around a point: a
/// version, if not one of ours.
bool NamesVersion(asio::const_buffer bytes) {
  std::string_view line(static_cast<const char*>(bytes.data()), bytes.size());
  line = line.substr(0, line.find('\r'));
  if (std::count(line.begin(), line.end(), ' ') != 2) return false;
  line = line.substr(line.rfind(' ') + 1);
  auto digit = [&](size_t at) { return line[at] >= '0' && line[at] <= '9'; };
  return line.size() == 8 && line.substr(0, 5) == "HTTP/" && digit(5) && line[6] == '.' && digit(7);
}

/// A header value may come from a request: nothing in it may end the line.
void AppendHeader(std::string* out, std::string_view name, std::string_view value) {
  out->append(name).append(": ");
  for (char c : value) {
    bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    out->push_back(control ? ' ' : c);
  }
  out->append("\r\n");
}

/// 204 and 304 end with their head, and announce no length.
bool HasBody(int status) { return status != 204 && status != 304; }

std::string SerializeHead(const HttpResponse& response, bool close) {
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " ";
  out.append(ReasonPhrase(response.status)).append("\r\n");
  AppendHeader(&out, "Date", HttpDate());
  uint64_t length = response.file ? response.file->length() : response.body.size();
  if (HasBody(response.status)) AppendHeader(&out, "Content-Length", std::to_string(length));
  if (!response.content_type.empty()) AppendHeader(&out, "Content-Type", response.content_type);
  for (const Header& header : response.headers) AppendHeader(&out, header.name, header.value);
  if (close) out += "Connection: close\r\n";
  out += "\r\n";
  return out;
}

}  // namespace

Connection::Connection(asio::ip::tcp::socket socket, std::shared_ptr<ConnectionHost> host)
    : stream_(std::move(socket)),
      host_(std::move(host)),
      buffer_(host_->options().max_header + kBodyChunk) {
  beast::error_code ignored;
  stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
}

Connection::~Connection() { host_->Closed(this); }

void Connection::Start() {
  asio::dispatch(stream_.get_executor(), [self = shared_from_this()] {
    self->AwaitRequest(self->host_->options().header_timeout);
  });
}

void Connection::StartRefusing(int status, std::string_view message) {
  asio::dispatch(stream_.get_executor(),
                 [self = shared_from_this(), status, text = std::string(message)] {
                   self->Refuse(status, text);
                 });
}

void Connection::Drain() {
  asio::dispatch(stream_.get_executor(), [self = shared_from_this()] {
    if (self->idle_) self->Close();
  });
}

void Connection::AwaitRequest(double timeout) {
  scanner_.Reset();
  idle_ = buffer_.size() == 0;
  if (!idle_ && TryHead()) return;
  if (host_->stopping() && idle_) return Close();
  stream_.expires_after(Seconds(idle_ ? timeout : host_->options().header_timeout));
  stream_.async_read_some(buffer_.prepare(kReadChunk),
                          beast::bind_front_handler(&Connection::OnHeadBytes, shared_from_this()));
}

void Connection::OnHeadBytes(beast::error_code error, size_t bytes) {
  if (error) return Close();
  buffer_.commit(bytes);
  if (idle_) {
    idle_ = false;
    stream_.expires_after(Seconds(host_->options().header_timeout));
  }
  if (TryHead()) return;
  stream_.async_read_some(buffer_.prepare(kReadChunk),
                          beast::bind_front_handler(&Connection::OnHeadBytes, shared_from_this()));
}

bool Connection::TryHead() {
  auto data = buffer_.cdata();
  auto verdict = scanner_.Scan({static_cast<const char*>(data.data()), data.size()});
  size_t limit = host_->options().max_header;
  size_t head = verdict == HeadScanner::Verdict::kDone ? scanner_.length() : buffer_.size();
  if (verdict == HeadScanner::Verdict::kBad) {
    Refuse(400, scanner_.problem());
  } else if (head > limit) {
    Refuse(431,
           "request line and headers are above the limit of " + std::to_string(limit) + " bytes");
  } else if (verdict == HeadScanner::Verdict::kMore) {
    return false;
  } else {
    ParseHead();
  }
  return true;
}

void Connection::ParseHead() {
  const ServerOptions& options = host_->options();
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(options.max_header));
  // The limit depends on who takes the body, which is known once the head is.
  parser_->body_limit(boost::none);
  parser_->eager(false);
  beast::error_code error;
  auto head_bytes = asio::buffer(buffer_.cdata(), scanner_.length());
  size_t used = parser_->put(head_bytes, error);
  if (error == http::error::bad_version && NamesVersion(buffer_.cdata())) {
    return Refuse(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  }
  if (error || !parser_->is_header_done()) {
    return Refuse(400, "malformed request head: " + error.message());
  }
  buffer_.consume(used);

  const auto& message = parser_->get();
  request_ = HttpRequest();
  request_.method = std::string(message.method_string());
  for (const auto& field : message) {
    request_.headers.push_back({std::string(field.name_string()), std::string(field.value())});
  }
  std::string_view target(message.target().data(), message.target().size());
  Head head{request_.method, target, static_cast<int>(message.version()), &request_.headers};
  auto refusal = CheckHead(head);
  if (!refusal) refusal = SplitTarget(target, &request_);
  if (refusal) return Refuse(refusal->status, refusal->message);
  keep_alive_ = message.keep_alive();
  awaits_continue_ =
      message.version() >= 11 && !request_.Find("Expect").empty() && !parser_->is_done();
  Receive();
}

void Connection::Receive() {
  auto sink = host_->OpenSink(request_);
  if (!sink) {
    request_.body_error = std::move(sink).error();
    keep_alive_ = keep_alive_ && parser_->is_done();
    parser_.reset();
    return Serve();
  }
  request_.sink = std::move(*sink);
  uint64_t limit = request_.sink ? request_.sink->max_bytes() : host_->options().max_body;
  if (auto refusal = CheckLength(request_.headers, limit)) {
    return Refuse(refusal->status, refusal->message);
  }
  if (request_.sink) return StreamBody();
  parser_->body_limit(limit);
  ReadBody();
}

void Connection::ReadBody() {
  if (parser_->is_done()) return OnBody({});
  ContinueThen([this] {
    stream_.expires_after(Seconds(host_->options().body_timeout));
    http::async_read(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](beast::error_code error, size_t) { self->OnBody(error); });
  });
}

void Connection::ContinueThen(std::function<void()> read) {
  if (!awaits_continue_ || buffer_.size() > 0) return read();
  head_out_ = "HTTP/1.1 100 Continue\r\n\r\n";
  stream_.expires_after(Seconds(host_->options().write_timeout));
  asio::async_write(stream_, asio::buffer(head_out_),
                    [self = shared_from_this(), read](beast::error_code error, size_t) {
                      if (error) return self->Close();
                      read();
                    });
}

void Connection::StreamBody() {
  std::unique_ptr<Inflater> inflater;
  std::string_view encoding = request_.Find("Content-Encoding");
  if (!encoding.empty() && encoding != "identity") {
    auto made = Inflater::Make(encoding);
    if (!made) {
      bool unknown = made.error().code == Code::kInvalidArgument;
      return Refuse(unknown ? 415 : 503, made.error().message);
    }
    inflater = std::move(*made);
  }
  reader_ = std::make_unique<BodyReader>(stream_, buffer_, std::move(*parser_), request_.sink,
                                         std::move(inflater), host_->options().stall_timeout);
  parser_.reset();
  ContinueThen([this] {
    reader_->Start(shared_from_this(), [this](BodyEnd end) { OnStreamed(std::move(end)); });
  });
}

void Connection::OnStreamed(BodyEnd end) {
  reader_.reset();
  switch (end.kind) {
    case BodyEnd::Kind::kBroken:
      request_ = HttpRequest();
      return Close();
    case BodyEnd::Kind::kMalformed:
      return Refuse(400, end.error.message);
    case BodyEnd::Kind::kTooLarge:
      return Refuse(413, end.error.message);
    case BodyEnd::Kind::kRefused:
      request_.body_error = std::move(end.error);
      keep_alive_ = false;
      break;
    case BodyEnd::Kind::kWhole:
      break;
  }
  Serve();
}

void Connection::OnBody(beast::error_code error) {
  uint64_t limit = host_->options().max_body;
  if (error == http::error::body_limit) {
    return Refuse(413, "the body is above the limit of " + std::to_string(limit) + " bytes");
  }
  if (error == beast::error::timeout || error == http::error::partial_message) return Close();
  if (error.category() == http::make_error_code(http::error::bad_chunk).category() && error) {
    return Refuse(400, "malformed body: " + error.message());
  }
  if (error) return Close();
  request_.body = std::move(parser_->get().body());
  parser_.reset();
  std::string_view encoding = request_.Find("Content-Encoding");
  if (!encoding.empty() && encoding != "identity") {
    auto plain = Decompress(request_.body, encoding, limit);
    if (!plain) {
      bool size = plain.error().code == Code::kResourceExhausted;
      return Refuse(size ? 413 : 400, plain.error().message);
    }
    request_.body = std::move(*plain);
  }
  Serve();
}

void Connection::Serve() {
  HttpResponse response = host_->Handle(request_);
  bool bodiless = request_.method == "HEAD" || !HasBody(response.status);
  request_ = HttpRequest();
  bool close = !keep_alive_ || host_->stopping();
  head_out_ = SerializeHead(response, close);
  if (!bodiless) {
    body_out_ = std::move(response.body);
    file_out_ = std::move(response.file);
  }
  if (file_out_ && file_out_->length() <= kSmallFile && file_out_->ReadInto(&body_out_)) {
    file_out_.reset();
  }
  Write(close);
}

void Connection::Refuse(int status, std::string_view message) {
  idle_ = false;
  parser_.reset();
  request_ = HttpRequest();
  HttpResponse response = host_->RenderError(status, message);
  head_out_ = SerializeHead(response, true);
  body_out_ = std::move(response.body);
  Write(true);
}

void Connection::Write(bool close) {
  stream_.expires_after(Seconds(host_->options().write_timeout));
  std::array<asio::const_buffer, 2> parts{asio::buffer(head_out_), asio::buffer(body_out_)};
  asio::async_write(stream_, parts,
                    [self = shared_from_this(), close](beast::error_code error, size_t) {
                      self->OnWritten(error, close);
                    });
}

void Connection::OnWritten(beast::error_code error, bool close) {
  body_out_ = std::string();
  if (error) return Close();
  if (file_out_) return SendFile(close);
  Next(close);
}

void Connection::SendFile(bool close) {
  sender_ = std::make_shared<FileSender>(stream_.socket(), std::move(file_out_),
                                         host_->options().stall_timeout);
  sender_->Start(shared_from_this(), [this, close](bool whole) {
    sender_.reset();
    if (!whole) return Close();
    Next(close);
  });
}

void Connection::Next(bool close) {
  if (close) return Linger();
  AwaitRequest(host_->options().idle_timeout);
}

void Connection::Linger() {
  beast::error_code ignored;
  if (lingered_ == 0) {
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    stream_.expires_after(Seconds(kLingerSeconds));
  }
  buffer_.consume(buffer_.size());
  stream_.async_read_some(buffer_.prepare(kReadChunk),
                          [self = shared_from_this()](beast::error_code error, size_t bytes) {
                            self->lingered_ += bytes;
                            if (error || self->lingered_ > kMaxLinger) return self->Close();
                            self->Linger();
                          });
}

void Connection::Close() {
  beast::error_code ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  stream_.close();
}

}  // namespace quern::net
