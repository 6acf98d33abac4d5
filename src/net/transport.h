#pragma once
// The socket of one connection, with TLS over it or without.
#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>

#include "base/fd.h"
#include "net/tls.h"

namespace quern::net {

/// Non-blocking, and never a SIGPIPE as long as the thread has blocked it. Not thread-safe.
class Transport {
 public:
  Transport(UniqueFd fd, std::unique_ptr<TlsStream> tls);

  int fd() const { return fd_.get(); }
  bool secure() const { return tls_ != nullptr; }
  TlsStream* tls() { return tls_.get(); }

  Io Read(std::span<char> to);
  /// The parts one after the other, perhaps not all of them.
  Io Write(std::span<const iovec> parts);
  /// True if bytes have been received that no poll of the socket shows.
  bool pending() const { return tls_ != nullptr && tls_->pending(); }
  /// Nothing more will be written: the peer sees the end once it has read the rest.
  void EndWriting();
  /// From now on plain bytes are written, to a peer that has not begun to speak TLS.
  void DropTls() { tls_.reset(); }
  void Close();

 private:
  UniqueFd fd_;
  std::unique_ptr<TlsStream> tls_;
};

}  // namespace quern::net
