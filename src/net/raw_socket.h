#pragma once
// For tests: sends bytes as they are, which no HTTP client would.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace quern::net {

class RawSocket {
 public:
  explicit RawSocket(uint16_t port) : descriptor_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    timeval limit{5, 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    connected_ = connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawSocket() { close(descriptor_); }
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  bool connected() const { return connected_; }
  int descriptor() const { return descriptor_; }
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t sent = send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  void EndSending() { shutdown(descriptor_, SHUT_WR); }
  /// Everything until the server closes (or five silent seconds).
  std::string ReadAll() {
    std::string all;
    char chunk[4096];
    for (;;) {
      ssize_t got = recv(descriptor_, chunk, sizeof chunk, 0);
      if (got <= 0) return all;
      all.append(chunk, static_cast<size_t>(got));
    }
  }
  /// Calls `on_bytes` until the server closes (or five silent seconds).
  template <class OnBytes>
  void ReadEach(OnBytes on_bytes) {
    char chunk[64 << 10];
    for (;;) {
      ssize_t got = recv(descriptor_, chunk, sizeof chunk, 0);
      if (got <= 0) return;
      on_bytes(std::string_view(chunk, static_cast<size_t>(got)));
    }
  }
  /// Until `text` has been seen.
  std::string ReadUntil(std::string_view text) {
    std::string all;
    char chunk[4096];
    while (all.find(text) == std::string::npos) {
      ssize_t got = recv(descriptor_, chunk, sizeof chunk, 0);
      if (got <= 0) break;
      all.append(chunk, static_cast<size_t>(got));
    }
    return all;
  }

 private:
  int descriptor_;
  bool connected_ = false;
};

/// Status of an HTTP answer as it came over the wire; 0 if it is cut off.
inline int StatusOfAnswer(const std::string& answer) {
  return answer.size() > 12 ? std::stoi(answer.substr(9, 3)) : 0;
}

/// Sends `bytes` on a connection of their own and reads the whole answer.
inline std::string RawExchange(uint16_t port, std::string_view bytes) {
  RawSocket socket(port);
  socket.Send(bytes);
  socket.EndSending();
  return socket.ReadAll();
}

}  // namespace quern::net
