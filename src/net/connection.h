#pragma once
// One accepted connection and its requests, one after the other. Internal to net/: includes Beast.
#include <boost/asio/strand.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "net/body_reader.h"
#include "net/file_sender.h"
#include "net/http.h"
#include "net/strict.h"

namespace quern::net {

/// What connections need of their server.
class ConnectionHost {
 public:
  virtual ~ConnectionHost() = default;
  virtual const ServerOptions& options() const = 0;
  virtual HttpResponse Handle(const HttpRequest& request) = 0;
  /// What the body hook says; null if there is none.
  virtual Result<std::shared_ptr<BodySink>> OpenSink(const HttpRequest& head) = 0;
  virtual HttpResponse RenderError(int status, std::string_view message) = 0;
  virtual bool stopping() const = 0;
  virtual void Closed(class Connection* connection) = 0;
};

/// Owned by its pending asynchronous operation; all members are touched on its strand alone.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, std::shared_ptr<ConnectionHost> host);
  ~Connection();

  void Start();
  /// Answers one error and closes.
  void StartRefusing(int status, std::string_view message);
  /// From any thread: closes now if no request is under way, else after the answer.
  void Drain();
  /// On the strand, or when no thread runs any more.
  void Close();

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  void AwaitRequest(double timeout);
  void OnHeadBytes(boost::beast::error_code error, size_t bytes);
  /// Acts on what the buffer holds; true if a whole head (or a refusal) was found.
  bool TryHead();
  void ParseHead();
  /// Asks the hook where the body goes, and reads it.
  void Receive();
  void ReadBody();
  void OnBody(boost::beast::error_code error);
  void StreamBody();
  void OnStreamed(BodyEnd end);
  /// Sends "100 Continue" if the client waits for it.
  void ContinueThen(std::function<void()> read);
  void Serve();
  void Refuse(int status, std::string_view message);
  void Write(bool close);
  void OnWritten(boost::beast::error_code error, bool close);
  void SendFile(bool close);
  void Next(bool close);
  /// Closing at once would reset the connection under unread bytes and lose the answer.
  void Linger();

  boost::beast::tcp_stream stream_;
  std::shared_ptr<ConnectionHost> host_;
  boost::beast::flat_buffer buffer_;
  HeadScanner scanner_;
  std::optional<Parser> parser_;
  HttpRequest request_;
  bool keep_alive_ = false;
  bool awaits_continue_ = false;
  bool idle_ = true;
  std::string head_out_;
  std::string body_out_;
  std::shared_ptr<const FileBody> file_out_;
  std::unique_ptr<BodyReader> reader_;
  std::shared_ptr<FileSender> sender_;
  size_t lingered_ = 0;
};

}  // namespace quern::net
