#include "serving/announcement.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "base/ids.h"

using namespace quern;
using namespace quern::serving;

namespace {

/// A folder of its own, gone at the end.
struct Folder {
  std::string path =
      (std::filesystem::temp_directory_path() / ("quern-announced-" + NewHexId())).string();
  ~Folder() { std::filesystem::remove_all(path); }
};

ServerAddress Address(const std::string& id, int64_t since_ms) {
  return {id, "http://127.0.0.1:8080", ::getpid(), since_ms, true};
}

}  // namespace

TEST_CASE("servers are known while they are there, the first one first") {
  const Folder state;
  CHECK(AnnouncedServers(state.path, RealFs()).empty());
  auto second = Announcement::Make(state.path, Address("b", 20), RealFs());
  auto first = Announcement::Make(state.path, Address("z", 10), RealFs());
  REQUIRE(first);
  REQUIRE(second);
  auto known = AnnouncedServers(state.path, RealFs());
  REQUIRE(known.size() == 2);
  CHECK(known[0].id == "z");
  CHECK(known[0].url == "http://127.0.0.1:8080");
  CHECK(known[0].pid == ::getpid());
  CHECK(known[0].since_ms == 10);
  CHECK(known[0].needs_token);
  CHECK(known[1].id == "b");
  first->reset();
  known = AnnouncedServers(state.path, RealFs());
  REQUIRE(known.size() == 1);
  CHECK(known[0].id == "b");
}

TEST_CASE("a server that was killed is no longer known, and what it left is removed") {
  const Folder state;
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto made = Announcement::Make(state.path, Address("killed", 1), RealFs());
    (void)!::write(ready[1], made ? "y" : "n", 1);
    for (;;) ::pause();
  }
  char said = 0;
  REQUIRE(::read(ready[0], &said, 1) == 1);
  CHECK(said == 'y');
  CHECK(AnnouncedServers(state.path, RealFs()).size() == 1);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK(AnnouncedServers(state.path, RealFs()).empty());
  CHECK_FALSE(RealFs().Exists(JoinPath(state.path, "servers/killed.json")));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_CASE("what is no server's word is passed over") {
  const Folder state;
  REQUIRE(RealFs().WriteAtomic(JoinPath(state.path, "servers/notes.txt"), "hello"));
  REQUIRE(RealFs().WriteAtomic(JoinPath(state.path, "servers/x.json.new"), "{"));
  CHECK(AnnouncedServers(state.path, RealFs()).empty());
  CHECK(RealFs().Exists(JoinPath(state.path, "servers/notes.txt")));
}

TEST_CASE("a folder that may not be written is an error, not an end") {
  FaultyFs full(RealFs(), 1);
  const Folder state;
  const auto made = Announcement::Make(state.path, Address("a", 1), full);
  REQUIRE_FALSE(made);
  CHECK(made.error().code == Code::kResourceExhausted);
}

TEST_CASE("an address that stands for all is asked on the loopback") {
  CHECK(LocalUrl("http://0.0.0.0:8080") == "http://127.0.0.1:8080");
  CHECK(LocalUrl("https://[::]:1") == "https://[::1]:1");
  CHECK(LocalUrl("http://10.0.0.7:8080") == "http://10.0.0.7:8080");
}
