#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <future>
#include <mutex>

#include "base/fs.h"
#include "net/client.h"
#include "net/compression.h"
#include "net/http.h"
#include "net/noise.h"
#include "net/raw_socket.h"

namespace quern::net {
namespace {

/// What a test sees of its sinks.
struct Seen {
  std::mutex mutex;
  std::string bytes;
  size_t largest = 0;
  int handled = 0;
  std::promise<void> destroyed;
};

struct TestSink : BodySink {
  TestSink(Seen& the_seen, uint64_t the_max, size_t the_fail_after)
      : seen(the_seen), max(the_max), fail_after(the_fail_after) {}
  ~TestSink() override { seen.destroyed.set_value(); }
  Status Append(std::string_view bytes) override {
    std::lock_guard lock(seen.mutex);
    if (seen.bytes.size() + bytes.size() > fail_after) {
      return Fail(Code::kResourceExhausted, "full");
    }
    seen.bytes += bytes;
    seen.largest = std::max(seen.largest, bytes.size());
    return {};
  }
  uint64_t max_bytes() const override { return max; }
  Seen& seen;
  uint64_t max;
  size_t fail_after;
};

/// Streams PUT requests, refuses those to /refused before their body, buffers the rest.
struct RunningStream {
  explicit RunningStream(ServerOptions options = {}, uint64_t max = 1u << 30,
                         size_t fail_after = size_t{1} << 40) {
    options.body_hook = [this, max,
                         fail_after](const HttpRequest& head) -> Result<std::shared_ptr<BodySink>> {
      if (head.path == "/refused") return Fail(Code::kPermissionDenied, "not you");
      if (head.method != "PUT") return std::shared_ptr<BodySink>();
      return std::make_shared<TestSink>(seen, max, fail_after);
    };
    server = std::make_unique<HttpServer>(options, [this](const HttpRequest& request) {
      std::lock_guard lock(seen.mutex);
      ++seen.handled;
      HttpResponse response;
      if (request.body_error) {
        response.status = HttpStatus(request.body_error->code);
        response.body = request.body_error->message;
      } else {
        response.body = request.sink ? "streamed" : "buffered " + request.body;
      }
      return response;
    });
    port = server->Start().value();
  }
  Seen seen;
  std::unique_ptr<HttpServer> server;
  uint16_t port = 0;
};

TEST_CASE("a large body arrives in the sink piece by piece, others are buffered as ever") {
  ServerOptions options;
  options.max_body = 1000;
  options.body_timeout = 1e-6;
  RunningStream running(options);
  HttpClient client("127.0.0.1", running.port);
  std::string body = Noise(5 << 20);
  auto answer = client.Send("PUT", "/a", body, {});
  REQUIRE(answer);
  CHECK(answer->body == "streamed");
  CHECK(running.seen.bytes == body);
  CHECK(running.seen.largest <= 256u << 10);
  running.seen.destroyed.get_future().wait();
  CHECK(client.Get("/")->body == "buffered ");
  CHECK(client.Post("/", std::string(1001, 'x'))->status == 413);
}

TEST_CASE("chunked, compressed, empty and expected bodies, and a request behind one") {
  const std::string put = "PUT / HTTP/1.1\r\nHost: a\r\n";
  const std::string next = "GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  {
    RunningStream running;
    std::string answer = RawExchange(
        running.port,
        put + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n" + next);
    CHECK(running.seen.bytes == "abcde");
    CHECK(answer.find("streamed") < answer.find("buffered"));
  }
  {
    RunningStream running;
    std::string plain = Noise(1 << 20);
    HttpClient client("127.0.0.1", running.port);
    CHECK(client.Send("PUT", "/", GzipCompress(plain), {{"Content-Encoding", "gzip"}})->status ==
          200);
    CHECK(running.seen.bytes == plain);
  }
  {
    RunningStream running;
    std::string answer = RawExchange(running.port, put + "Content-Length: 0\r\n\r\n" + next);
    CHECK(answer.find("streamed") < answer.find("buffered"));
    CHECK(running.seen.bytes.empty());
  }
  {
    RunningStream running;
    RawSocket socket(running.port);
    socket.Send(put + "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    CHECK(socket.ReadUntil("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
    socket.Send("hi");
    CHECK(socket.ReadUntil("streamed").find("200 OK") != std::string::npos);
    CHECK(running.seen.bytes == "hi");
  }
}

TEST_CASE("a client that breaks off: the sink goes, the handler is not called") {
  for (const char* framing : {"Content-Length: 1000000", "Transfer-Encoding: chunked"}) {
    RunningStream running;
    {
      RawSocket socket(running.port);
      socket.Send(std::string("PUT / HTTP/1.1\r\nHost: a\r\n") + framing + "\r\n\r\n7\r\nabcd");
    }
    running.seen.destroyed.get_future().wait();
    CHECK(running.seen.handled == 0);
  }
}

TEST_CASE("a client that falls silent in the middle is cut off") {
  ServerOptions options;
  options.stall_timeout = 0.05;
  RunningStream running(options);
  RawSocket socket(running.port);
  socket.Send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
  running.seen.destroyed.get_future().wait();
  CHECK(socket.ReadAll().empty());
  CHECK(running.seen.handled == 0);
}

TEST_CASE("the sink's error is answered by the handler while the client still sends") {
  RunningStream running({}, 1u << 30, 100000);
  HttpClient client("127.0.0.1", running.port);
  auto answer = client.Send("PUT", "/", std::string(900000, 'x'), {});
  REQUIRE(answer);
  CHECK(answer->status == HttpStatus(Code::kResourceExhausted));
  CHECK(answer->body == "full");
  CHECK(answer->Find("Connection") == "close");
}

TEST_CASE("the hook's error is answered before the body is asked for") {
  RunningStream running;
  RawSocket socket(running.port);
  socket.Send(
      "PUT /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\nExpect: "
      "100-continue\r\n\r\n");
  std::string answer = socket.ReadUntil("not you");
  CHECK(StatusOfAnswer(answer) == 403);
  CHECK(answer.find("Connection: close") != std::string::npos);
}

TEST_CASE("what a streamed body is refused for") {
  const std::string put = "PUT / HTTP/1.1\r\nHost: a\r\n";
  std::string bomb = GzipCompress(std::string(100000, 'a'));
  std::string cut = GzipCompress("hello").substr(0, 20);
  struct Row {
    std::string bytes;
    int status;
  };
  const auto gzip = [&](const std::string& body) {
    return put + "Content-Encoding: gzip\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  };
  for (const Row& row : {
           Row{put + "Content-Length: 1001\r\n\r\n", 413},
           Row{put + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n", 413},
           Row{gzip(bomb), 413},
           Row{gzip(cut), 400},
           Row{gzip(GzipCompress("hello") + "x"), 400},
           Row{gzip(""), 400},
           Row{put + "Content-Encoding: br\r\nContent-Length: 1\r\n\r\nx", 415},
           Row{put + "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400},
           Row{put + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcXX0\r\n\r\n", 400},
           Row{put + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
       }) {
    RunningStream running({}, 1000);
    std::string answer = RawExchange(running.port, row.bytes);
    CHECK_MESSAGE(StatusOfAnswer(answer) == row.status, row.bytes, answer);
    CHECK(answer.find("Connection: close") != std::string::npos);
    CHECK(running.seen.handled == 0);
  }
}

/// Answers every request with a part of one file.
struct FileServer {
  explicit FileServer(const std::string& path, uint64_t offset, uint64_t length,
                      ServerOptions options = {})
      : server(std::move(options), [=, this](const HttpRequest&) {
          UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
          HttpResponse response;
          response.content_type = "application/octet-stream";
          // The deleter tells when the connection has let go of the file.
          response.file = std::shared_ptr<const FileBody>(
              new FileBody(std::move(fd), offset, length), [this](const FileBody* file) {
                delete file;
                released.set_value();
              });
          return response;
        }) {
    port = server.Start().value();
  }
  std::promise<void> released;
  HttpServer server;
  uint16_t port = 0;
};

std::string WriteFile(const TempDir& dir, const std::string& bytes) {
  std::string path = dir.File("f");
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

TEST_CASE("a response from a file: whole, a part, its head alone") {
  TempDir dir;
  for (size_t size : {size_t{0}, size_t{10}, size_t{64} << 10, size_t{9} << 20}) {
    std::string bytes = Noise(size);
    std::string path = WriteFile(dir, bytes);
    FileServer whole(path, 0, size);
    auto answer = HttpClient("127.0.0.1", whole.port).Get("/");
    REQUIRE(answer);
    CHECK(answer->body == bytes);
    FileServer part(path, size / 3, size / 2);
    CHECK(HttpClient("127.0.0.1", part.port).Get("/")->body == bytes.substr(size / 3, size / 2));
    FileServer head(path, 0, size);
    auto only = HttpClient("127.0.0.1", head.port).Send("HEAD", "/", "", {});
    CHECK(only->body.empty());
    CHECK(only->Find("Content-Length") == std::to_string(size));
  }
}

TEST_CASE("the connection is kept after a file") {
  TempDir dir;
  std::string bytes = Noise(1 << 20);
  std::string path = WriteFile(dir, bytes);
  HttpServer server({}, [&](const HttpRequest&) {
    HttpResponse response;
    response.file = std::make_shared<FileBody>(UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)),
                                               0, bytes.size());
    return response;
  });
  std::string two =
      "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  std::string answer = RawExchange(server.Start().value(), two);
  size_t first = answer.find(bytes);
  REQUIRE(first != std::string::npos);
  CHECK(answer.find(bytes, first + 1) != std::string::npos);
}

TEST_CASE("a file that has become shorter: the client sees that bytes are missing") {
  TempDir dir;
  for (size_t size : {size_t{100}, size_t{1} << 20}) {
    std::string path = WriteFile(dir, std::string(size, 'x'));
    FileServer server(path, 0, size + 1);
    CHECK(HttpClient("127.0.0.1", server.port).Get("/").error().code == Code::kUnavailable);
  }
}

TEST_CASE("a client that takes nothing is cut off, one that went away is let go") {
  TempDir dir;
  std::string path = WriteFile(dir, "");
  constexpr uint64_t kSize = 64u << 20;
  REQUIRE(::truncate(path.c_str(), kSize) == 0);
  ServerOptions options;
  options.stall_timeout = 0.05;
  {
    FileServer server(path, 0, kSize, options);
    RawSocket socket(server.port);
    socket.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    server.released.get_future().wait();
    CHECK(socket.ReadAll().size() < kSize);
  }
  {
    FileServer server(path, 0, kSize);
    {
      RawSocket socket(server.port);
      socket.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      socket.ReadUntil("\r\n\r\n");
    }
    server.released.get_future().wait();
  }
}

TEST_CASE("204 and 304 end with their head") {
  for (int status : {204, 304}) {
    HttpServer server({}, [&](const HttpRequest&) {
      HttpResponse response;
      response.status = status;
      response.body = "nothing";
      return response;
    });
    std::string answer = RawExchange(server.Start().value(),
                                     "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    CHECK(answer.find("Content-Length") == std::string::npos);
    CHECK(answer.substr(answer.size() - 4) == "\r\n\r\n");
  }
}

}  // namespace
}  // namespace quern::net
