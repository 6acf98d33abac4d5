// Our server with an inline handler that answers the same bytes as epoll_floor: what the server
// itself costs.
//
//   inline_server --port 5000 --size 100 --threads 2 [--general 1: the blocking handler instead]
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "net/http.h"

int main(int argc, char** argv) {
  std::map<std::string, long> given = {
      {"--port", 0}, {"--size", 100}, {"--threads", 2}, {"--general", 0}};
  for (int i = 1; i + 1 < argc; i += 2) given[argv[i]] = std::atol(argv[i + 1]);
  const std::string body(static_cast<size_t>(given["--size"]), 'x');

  quern::net::BlockShutdownSignals();
  quern::net::ServerOptions options;
  options.port = static_cast<uint16_t>(given["--port"]);
  options.loops = static_cast<size_t>(given["--threads"]);
  if (given["--general"] == 0) {
    options.inline_handler = [&](const quern::net::RequestView&,
                                 quern::net::ResponseWriter& response) {
      response.body() = body;
      return true;
    };
  }
  quern::net::HttpServer server(options, [&](const quern::net::HttpRequest&) {
    quern::net::HttpResponse response;
    response.body = body;
    return response;
  });
  const auto port = server.Start();
  if (!port) {
    std::fprintf(stderr, "inline_server: %s\n", port.error().message.c_str());
    return 1;
  }
  std::printf("%d\n", *port);
  std::fflush(stdout);
  quern::net::WaitForShutdown();
  server.Stop();
  return 0;
}
