#include "net/file_sender.h"

#include <sys/sendfile.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace quern::net {
namespace asio = boost::asio;

namespace {
/// Bytes handed to the kernel before other connections have their turn.
constexpr uint64_t kTurn = 1u << 20;
}  // namespace

FileSender::FileSender(asio::ip::tcp::socket& socket, std::shared_ptr<const FileBody> file,
                       double stall)
    : socket_(socket),
      file_(std::move(file)),
      stall_(stall),
      timer_(socket.get_executor()),
      offset_(file_->offset()),
      left_(file_->length()) {}

void FileSender::Start(std::shared_ptr<void> owner, std::function<void(bool)> done) {
  done_ = std::move(done);
  boost::system::error_code error;
  socket_.native_non_blocking(true, error);
  if (error) return Finish(false);
  Next(owner);
}

void FileSender::Next(const std::shared_ptr<void>& owner) {
  if (left_ == 0) return Finish(true);
  auto at = static_cast<off_t>(offset_);
  ssize_t sent = 0;
  do {
    sent = ::sendfile(socket_.native_handle(), file_->fd(), &at, std::min(left_, kTurn));
  } while (sent < 0 && errno == EINTR);
  if (sent == 0 || (sent < 0 && errno != EAGAIN)) return Finish(false);
  if (sent > 0) {
    offset_ += static_cast<uint64_t>(sent);
    left_ -= static_cast<uint64_t>(sent);
    if (left_ == 0) return Finish(true);
  }
  Wait(owner);
}

void FileSender::Wait(const std::shared_ptr<void>& owner) {
  timer_.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(stall_)));
  timer_.async_wait(
      [self = shared_from_this(), owner, wait = wait_](boost::system::error_code error) {
        boost::system::error_code ignored;
        if (!error && wait == self->wait_) self->socket_.cancel(ignored);
      });
  socket_.async_wait(asio::socket_base::wait_write,
                     [self = shared_from_this(), owner](boost::system::error_code error) {
                       ++self->wait_;
                       self->timer_.cancel();
                       if (error) return self->Finish(false);
                       self->Next(owner);
                     });
}

void FileSender::Finish(bool whole) {
  auto done = std::move(done_);
  done(whole);
}

}  // namespace quern::net
