#include "base/child.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "base/fd.h"

namespace quern {
namespace {

/// What a child wrote before it ended, and how it ended.
struct Said {
  std::string text;
  int code = 0;
};

Said Run(Child child) {
  std::array<int, 2> ends{-1, -1};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const UniqueFd from(ends[0]);
  UniqueFd to(ends[1]);
  child.out = to.get();
  const auto pid = StartChild(child);
  REQUIRE(pid);
  to = UniqueFd();
  Said said;
  std::array<char, 4096> buffer;
  for (ssize_t got; (got = ::read(from.get(), buffer.data(), buffer.size())) > 0;) {
    said.text.append(buffer.data(), static_cast<size_t>(got));
  }
  int status = 0;
  REQUIRE(::waitpid(*pid, &status, 0) == *pid);
  said.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return said;
}

}  // namespace

TEST_CASE("a child has its words, its streams and what it was told of the environment") {
  ::setenv("QUERN_CHILD_TEST", "ours", 1);
  ::setenv("QUERN_CHILD_TEST_2", "inherited", 1);
  const Said said =
      Run({.program = "sh",
           .words = {"sh", "-c", "cat; echo \"$0 $QUERN_CHILD_TEST $QUERN_CHILD_TEST_2\"; exit 7",
                     "a word"},
           .environment = {"QUERN_CHILD_TEST=theirs"}});
  CHECK(said.text == "a word theirs inherited\n");  // its input is empty
  CHECK(said.code == 7);
}

TEST_CASE("a child blocks no signal, and stands in a group of its own if it shall") {
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  REQUIRE(::pthread_sigmask(SIG_BLOCK, &blocked, &before) == 0);
  const Said own =
      Run({.program = "/bin/sh",
           .words = {"sh", "-c", "grep SigBlk /proc/self/status; cut -d' ' -f5 /proc/$$/stat"},
           .own_group = true});
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  CHECK(own.text.find("SigBlk:\t0000000000000000") == 0);
  CHECK(own.text.find("\n" + std::to_string(::getpgrp()) + "\n") == std::string::npos);
}

TEST_CASE("a program that is not there") {
  const auto pid = StartChild({.program = "/no/such/program", .words = {"program"}});
  REQUIRE_FALSE(pid);
  CHECK(pid.error().message == "cannot start '/no/such/program': No such file or directory");
}

}  // namespace quern
