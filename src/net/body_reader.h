#pragma once
// Reads the body of one request into a sink. Internal to net/: includes Beast.
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/body_sink.h"
#include "net/compression.h"

namespace quern::net {

/// How a body ended.
struct BodyEnd {
  enum class Kind {
    kWhole,
    kBroken,     // the client went away or fell silent
    kMalformed,  // chunks or compressed data are broken
    kTooLarge,   // above the sink's limit
    kRefused,    // the sink's error
  };
  Kind kind = Kind::kWhole;
  /// Of kMalformed, kTooLarge and kRefused.
  Error error;
};

/// All calls on the stream's executor.
class BodyReader {
 public:
  using HeadParser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  /// `parser` has read the head; it is used up. `inflater` is null for a body that is not
  /// compressed. `stall` is how many seconds the client may send nothing.
  BodyReader(boost::beast::tcp_stream& stream, boost::beast::flat_buffer& buffer,
             HeadParser&& parser, std::shared_ptr<BodySink> sink,
             std::unique_ptr<Inflater> inflater, double stall);
  /// `owner` keeps the stream, the buffer and this object alive. `done` is called once.
  void Start(std::shared_ptr<void> owner, std::function<void(BodyEnd)> done);

 private:
  void Next(const std::shared_ptr<void>& owner);
  void OnBytes(boost::beast::error_code error, const std::shared_ptr<void>& owner);
  BodyEnd Take(std::string_view bytes);
  BodyEnd Append(std::string_view bytes);
  void Finish(BodyEnd end);

  boost::beast::tcp_stream& stream_;
  boost::beast::flat_buffer& buffer_;
  boost::beast::http::request_parser<boost::beast::http::buffer_body> parser_;
  std::shared_ptr<BodySink> sink_;
  std::unique_ptr<Inflater> inflater_;
  double stall_;
  std::vector<char> chunk_;
  uint64_t appended_ = 0;
  std::function<void(BodyEnd)> done_;
};

}  // namespace quern::net
