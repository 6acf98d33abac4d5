#include "pipeline/model_host.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/child.h"
#include "base/fd.h"
#include "base/text.h"
#include "base/time.h"

namespace quern::pipeline {
namespace {

constexpr double kStartSeconds = 20;

/// Reads the line that the server prints once it listens: "listening on http://127.0.0.1:41234 …".
Result<std::string> ReadLine(int fd) {
  std::string text;
  const double deadline = MonotonicSeconds() + kStartSeconds;
  for (;;) {
    const double left = deadline - MonotonicSeconds();
    pollfd wait{fd, POLLIN, 0};
    if (left <= 0 || ::poll(&wait, 1, static_cast<int>(left * 1000) + 1) == 0) {
      return Fail(Code::kDeadlineExceeded, "the model server did not come up within 20 s");
    }
    char byte = 0;
    const ssize_t got = ::read(fd, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Fail(Code::kUnavailable, "the model server ended while starting");
    if (byte == '\n') return text;
    text += byte;
  }
}

Result<uint16_t> PortIn(const std::string& line) {
  constexpr std::string_view kMark = "http://127.0.0.1:";
  const size_t at = line.find(kMark);
  if (at != std::string::npos) {
    const std::string digits = line.substr(at + kMark.size());
    const auto port =
        ParseInt(std::string_view(digits).substr(0, digits.find_first_not_of("0123456789")));
    if (port && *port > 0 && *port < 65536) return static_cast<uint16_t>(*port);
  }
  return Fail(Code::kUnavailable, "the model server said '" + line + "' instead of its address");
}

}  // namespace

ModelHost::~ModelHost() { Stop(); }

void ModelHost::Stop() {
  MutexLock lock(mutex_);
  StopLocked();
}

void ModelHost::StopLocked() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGTERM);
  ::close(life_);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
  life_ = -1;
  serving_.clear();
}

Result<ModelHost::Address> ModelHost::Serve(const std::string& name, int64_t version,
                                            const std::string& folder) {
  const std::string reference = name + "/" + std::to_string(version);
  return Start(reference, {reference, "--package", workspace_.Path(folder)});
}

Result<ModelHost::Address> ModelHost::ServeReleases(const std::string& name) {
  const std::string reference = name + "@champion";
  return Start(reference, {reference, "--no-prediction-log"});
}

Result<ModelHost::Address> ModelHost::Start(const std::string& serving,
                                            std::vector<std::string> options) {
  MutexLock lock(mutex_);
  if (pid_ >= 0 && serving_ == serving) return address_;
  StopLocked();
  std::array<int, 2> ends{};
  std::array<int, 2> life{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0 || ::pipe2(life.data(), O_CLOEXEC) != 0) {
    return Fail(Code::kUnavailable, std::string("cannot make a pipe: ") + std::strerror(errno));
  }
  std::vector<std::string> words{
      "quern", "serve", "--root", workspace_.dir(), "--port", "0", "--while-stdin-open"};
  words.insert(words.end(), options.begin(), options.end());
  const std::string log = workspace_.Path("logs/serve.log");
  QUERN_TRY(workspace_.fs().MakeDirs(workspace_.Path("logs")));
  const UniqueFd log_fd(::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  // The server ends when its input does: with the run, however the run ends. Ctrl-C goes to the
  // run, which ends the server when it is done with it.
  const auto child = StartChild({.program = "/proc/self/exe",
                                 .words = std::move(words),
                                 .in = life[0],
                                 .out = ends[1],
                                 .err = log_fd.get(),
                                 .own_group = true});
  ::close(ends[1]);
  ::close(life[0]);
  if (!child) {
    ::close(ends[0]);
    ::close(life[1]);
    return Fail(Code::kUnavailable, "the model server: " + child.error().message);
  }
  pid_ = *child;
  life_ = life[1];
  auto line = ReadLine(ends[0]);
  ::close(ends[0]);
  auto port = line ? PortIn(*line) : Result<uint16_t>(std::unexpected(line.error()));
  if (!port) {
    StopLocked();
    Error error = port.error();
    if (auto said = workspace_.fs().Read(log); said && !Trim(*said).empty()) {
      error.hint = "it said: " + std::string(Trim(*said));
    }
    return std::unexpected(std::move(error));
  }
  serving_ = serving;
  address_ = {*port, "http://127.0.0.1:" + std::to_string(*port)};
  return address_;
}

}  // namespace quern::pipeline
