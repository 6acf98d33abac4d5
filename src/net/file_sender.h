#pragma once
// Sends a file to a socket with sendfile(2). Internal to net/: includes Asio.
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>

#include "net/file_body.h"

namespace quern::net {

/// One file to one connection. All calls on the socket's executor; held by a shared_ptr.
class FileSender : public std::enable_shared_from_this<FileSender> {
 public:
  /// `stall` is how many seconds the client may take nothing before the sending is given up.
  FileSender(boost::asio::ip::tcp::socket& socket, std::shared_ptr<const FileBody> file,
             double stall);
  /// `owner` keeps the socket alive. `done` is called once: true if every byte was
  /// handed to the kernel.
  void Start(std::shared_ptr<void> owner, std::function<void(bool)> done);

 private:
  void Next(const std::shared_ptr<void>& owner);
  void Wait(const std::shared_ptr<void>& owner);
  void Finish(bool whole);

  boost::asio::ip::tcp::socket& socket_;
  std::shared_ptr<const FileBody> file_;
  double stall_;
  boost::asio::steady_timer timer_;
  /// Counts the waits: a timer that was already due when its wait ended must not cancel the next.
  uint64_t wait_ = 0;
  uint64_t offset_;
  uint64_t left_;
  std::function<void(bool)> done_;
};

}  // namespace quern::net
