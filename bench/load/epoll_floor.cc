// The least that an HTTP server can do: every request is answered with the same bytes, whatever it
// asks. What a server's requests per second are measured against.
//
//   epoll_floor --port 5000 --size 100 --threads 2
//
// Each thread has its epoll and its connections, which are dealt out in turn, so that few of them
// do not meet on one thread. A request ends with an empty line and has no body, or has as many
// bytes of body as its Content-Length says; it arrives in one piece, as those of http_load do.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

[[noreturn]] void Die(const char* what) {
  std::fprintf(stderr, "epoll_floor: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

/// How many requests stand in `bytes`, which holds whole ones.
size_t CountRequests(std::string_view bytes) {
  size_t count = 0;
  while (!bytes.empty()) {
    const size_t head = bytes.find("\r\n\r\n");
    if (head == std::string_view::npos) Die("a request in pieces");
    const size_t at = bytes.substr(0, head).find("Content-Length: ");
    const size_t body =
        at == std::string_view::npos ? 0 : std::strtoul(bytes.data() + at + 16, nullptr, 10);
    if (bytes.size() < head + 4 + body) Die("a request in pieces");
    bytes.remove_prefix(head + 4 + body);
    ++count;
  }
  return count;
}

void Serve(int epoll, const std::string& answer) {
  std::vector<char> buffer(1 << 20);
  std::array<epoll_event, 128> events;
  std::string several;
  for (;;) {
    const int ready = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < ready; ++i) {
      const int socket = events[static_cast<size_t>(i)].data.fd;
      const ssize_t got = recv(socket, buffer.data(), buffer.size(), 0);
      if (got <= 0) {
        close(socket);
        continue;
      }
      const size_t count = CountRequests({buffer.data(), static_cast<size_t>(got)});
      std::string_view out = answer;
      if (count != 1) {
        several.clear();
        for (size_t n = 0; n < count; ++n) several += answer;
        out = several;
      }
      if (send(socket, out.data(), out.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(out.size()))
        close(socket);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, long> given = {{"--port", 0}, {"--size", 100}, {"--threads", 2}};
  for (int i = 1; i + 1 < argc; i += 2) given[argv[i]] = std::atol(argv[i + 1]);
  const size_t size = static_cast<size_t>(given["--size"]);
  const std::string answer =
      "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: " +
      std::to_string(size) + "\r\nContent-Type: application/json\r\n\r\n" + std::string(size, 'x');

  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(given["--port"]));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) Die("bind");
  if (listen(listener, SOMAXCONN) != 0) Die("listen");
  socklen_t length = sizeof address;
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);

  std::vector<int> epolls;
  for (long i = 0; i < given["--threads"]; ++i) {
    epolls.push_back(epoll_create1(0));
    std::thread(Serve, epolls.back(), std::cref(answer)).detach();
  }
  for (size_t next = 0;; ++next) {
    const int socket = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
    if (socket < 0) Die("accept");
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = socket;
    epoll_ctl(epolls[next % epolls.size()], EPOLL_CTL_ADD, socket, &event);
  }
}
