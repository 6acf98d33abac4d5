#include "pipeline/code_state.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <vector>

#include "base/child.h"
#include "base/text.h"
#include "base/time.h"

namespace quern::pipeline {
namespace {

constexpr double kPatience = 10;  // seconds
/// Of a diff so much is read, to tell how long it is.
constexpr size_t kMostRead = 16 << 20;

/// What a program says until it ends, `most` is there or patience does. Nothing if it failed.
std::optional<std::string> Ask(std::vector<std::string> words, size_t most) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
  const std::string program = words.front();
  const auto child = StartChild({.program = program, .words = std::move(words), .out = ends[1]});
  ::close(ends[1]);
  std::string said;
  bool ended = false;
  const double deadline = MonotonicSeconds() + kPatience;
  while (child && said.size() < most) {
    const double left = deadline - MonotonicSeconds();
    pollfd waiting{ends[0], POLLIN, 0};
    const int ready = left > 0 ? ::poll(&waiting, 1, static_cast<int>(left * 1000) + 1) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) break;
    std::array<char, 65536> buffer;
    const ssize_t got = ::read(ends[0], buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    ended = got == 0;
    if (got <= 0) break;
    said.append(buffer.data(), static_cast<size_t>(got));
  }
  ::close(ends[0]);
  if (!child) return std::nullopt;
  const bool enough = said.size() >= most;
  if (!ended) ::kill(*child, SIGKILL);
  int status = 0;
  while (::waitpid(*child, &status, 0) < 0 && errno == EINTR) {
  }
  if (enough) return said;
  if (!ended || !WIFEXITED(status) || WEXITSTATUS(status) != 0) return std::nullopt;
  return said;
}

/// A repository may come from anywhere: no hook, no monitor, no helper of its configuration runs.
std::optional<std::string> Git(const std::string& folder, std::vector<std::string> words,
                               size_t most = 64 << 10) {
  std::vector<std::string> all = {"git",
                                  "--no-optional-locks",
                                  "--no-pager",
                                  "-c",
                                  "core.fsmonitor=false",
                                  "-c",
                                  "core.hooksPath=/dev/null",
                                  "-c",
                                  "core.quotePath=false",
                                  "-C",
                                  folder};
  all.insert(all.end(), std::make_move_iterator(words.begin()),
             std::make_move_iterator(words.end()));
  return Ask(std::move(all), most);
}

std::string FirstLine(const std::optional<std::string>& said) {
  return said ? std::string(Trim(said->substr(0, said->find('\n')))) : "";
}

/// Bytes of another encoding become '?': a tag is text.
void MakeText(std::string& text) {
  for (size_t from = 0;;) {
    const auto bad = FindInvalidUtf8(std::string_view(text).substr(from));
    if (!bad) break;
    text[from + *bad] = '?';
    from += *bad;
  }
  for (char& c : text) {
    if (c == '\0') c = '?';
  }
}

std::string Shortened(std::string diff) {
  if (diff.size() <= kMostDiff) {
    MakeText(diff);
    return diff;
  }
  const size_t whole = diff.size();
  const size_t line = diff.rfind('\n', kMostDiff);
  // A single line that is longer tells nothing by its half.
  diff.resize(line == std::string::npos ? 0 : line + 1);
  MakeText(diff);
  // In a diff such a line is a remark.
  return diff + "\\ cut by quern run: " + std::to_string(diff.size()) + " of " +
         (whole >= kMostRead ? "more than " : "") + std::to_string(whole) + " bytes are kept\n";
}

}  // namespace

std::string WithoutPassword(const std::string& url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const size_t begin = scheme + 3, end = url.find('/', begin);
  const size_t at = url.rfind('@', end == std::string::npos ? end : end - 1);
  if (at == std::string::npos || at < begin) return url;
  return url.substr(0, begin) + url.substr(at + 1);
}

std::optional<CodeState> ReadCodeState(const std::string& folder, bool with_diff) {
  CodeState state;
  state.commit = FirstLine(Git(folder, {"rev-parse", "--verify", "--quiet", "HEAD"}));
  if (state.commit.empty()) return std::nullopt;
  state.branch = FirstLine(Git(folder, {"symbolic-ref", "--short", "--quiet", "HEAD"}));
  state.repository =
      WithoutPassword(FirstLine(Git(folder, {"config", "--get", "remote.origin.url"})));
  const auto diff =
      Git(folder, {"diff", "HEAD", "--no-ext-diff", "--no-textconv", "--no-color", "--", "."},
          with_diff ? kMostRead : 1);
  if (!diff) return std::nullopt;
  state.dirty = !diff->empty();
  if (with_diff) state.diff = Shortened(*diff);
  return state;
}

std::map<std::string, std::string> CodeTags(const CodeState& state) {
  const std::string prefix = "mlflow.source.git.";
  std::map<std::string, std::string> tags;
  tags[prefix + "commit"] = state.commit;
  if (!state.branch.empty()) tags[prefix + "branch"] = state.branch;
  if (!state.repository.empty()) tags[prefix + "repoURL"] = state.repository;
  tags[prefix + "dirty"] = state.dirty ? "true" : "false";
  if (!state.diff.empty()) tags[prefix + "diff"] = state.diff;
  return tags;
}

}  // namespace quern::pipeline
