#include <doctest/doctest.h>

#include <charconv>
#include <thread>

#include "base/time.h"
#include "net/raw_socket.h"
#include "server/mlflow/artifact_fixture.h"

namespace quern::server::mlflow {
namespace {

/// A line of /proc/self/status in kilobytes.
size_t MemoryKb(std::string_view line) {
  std::string status = RealFs().Read("/proc/self/status").value();
  size_t at = status.find(line);
  REQUIRE(at != std::string::npos);
  at = status.find_first_of("0123456789", at);
  size_t value = 0;
  std::from_chars(status.data() + at, status.data() + status.size(), value);
  return value;
}

/// Of the whole process, from here on.
void ForgetPeak() {
  FILE* file = std::fopen("/proc/self/clear_refs", "w");
  REQUIRE(file != nullptr);
  std::fputs("5", file);
  std::fclose(file);
}

std::string PutHead(const std::string& path, size_t size) {
  return "PUT " + kArtifacts + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" +
         "Content-Length: " + std::to_string(size) + "\r\n\r\n";
}

/// Waits for something that another thread is about to do.
template <class Condition>
bool Until(Condition condition) {
  for (double end = MonotonicSeconds() + 10; MonotonicSeconds() < end; std::this_thread::yield()) {
    if (condition()) return true;
  }
  return false;
}

TEST_CASE("a client that stops half-way through an upload leaves nothing") {
  ArtifactServer server;
  REQUIRE(server.Ask("PUT", kArtifacts + "/f", "old").status == 200);
  {
    net::RawSocket socket(server.port);
    socket.Send(PutHead("/f", 1u << 30));
    socket.Send(std::string(4 << 20, 'x'));
    CHECK(Until([&] { return server.Unfinished() == 1; }));
  }
  CHECK(Until([&] { return server.Unfinished() == 0; }));
  CHECK(server.Ask("GET", kArtifacts + "/f").body == "old");
  CHECK(server.Ask("GET", kArtifacts).body ==
        R"({"files":[{"path":"f","is_dir":false,"file_size":3}]})");
}

TEST_CASE("uploads of one path at once: one of them is there whole") {
  ArtifactServer server;
  std::vector<std::thread> clients;
  for (char c : {'a', 'b', 'c', 'd'}) {
    clients.emplace_back([&, c] {
      for (int i = 0; i < 5; ++i) {
        CHECK(server.Ask("PUT", kArtifacts + "/f", std::string(1 << 20, c)).status == 200);
      }
    });
  }
  for (std::thread& client : clients) client.join();
  std::string body = server.Ask("GET", kArtifacts + "/f").body;
  CHECK(body.size() == 1 << 20);
  CHECK(body.find_first_not_of(body[0]) == std::string::npos);
  CHECK(server.Unfinished() == 0);
}

TEST_CASE("a slow reader of 50 MB gets all of it and keeps nobody waiting") {
  ArtifactServer server;
  const std::string block(1 << 20, 'z');
  {
    auto writer = server.store->Put("big").value();
    for (int i = 0; i < 50; ++i) REQUIRE(writer->Append(block));
    REQUIRE(writer->Commit());
  }
  std::vector<std::unique_ptr<net::RawSocket>> slow;
  for (int i = 0; i < 16; ++i) {
    slow.push_back(std::make_unique<net::RawSocket>(server.port));
    slow.back()->Send("GET " + kArtifacts +
                      "/big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    CHECK(slow.back()->ReadUntil("\r\n\r\n").find("200 OK") != std::string::npos);
  }
  for (int i = 0; i < 20; ++i) CHECK(server.Ask("GET", kArtifacts).status == 200);
  size_t got = 0;
  slow[0]->ReadEach([&](std::string_view bytes) {
    CHECK(bytes.find_first_not_of('z') == std::string_view::npos);
    got += bytes.size();
  });
  // Some of the body came together with the head.
  CHECK(got + 8192 > 50 * block.size());
}

TEST_CASE("memory stays flat for 200 MB up and down") {
  ArtifactServer server;
  constexpr size_t kBlocks = 800;
  const std::string block(256u << 10, 'm');
  ForgetPeak();
  const size_t before = MemoryKb("VmRSS");
  {
    net::RawSocket socket(server.port);
    socket.Send(PutHead("/big", kBlocks * block.size()));
    for (size_t i = 0; i < kBlocks; ++i) REQUIRE(socket.Send(block));
    CHECK(socket.ReadAll().find("200 OK") != std::string::npos);
  }
  net::RawSocket socket(server.port);
  socket.Send("GET " + kArtifacts + "/big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  size_t got = 0;
  socket.ReadEach([&](std::string_view bytes) { got += bytes.size(); });
  CHECK(got > kBlocks * block.size());
  CHECK(got < kBlocks * block.size() + 4096);
  CHECK(MemoryKb("VmHWM") < before + 16 * 1024);
}

}  // namespace
}  // namespace quern::server::mlflow
