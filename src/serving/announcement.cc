#include "serving/announcement.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <tuple>
#include <utility>

#include "base/fd.h"
#include "base/json.h"
#include "base/json_read.h"
#include "base/text.h"

namespace quern::serving {
namespace {

constexpr char kFolder[] = "servers";
constexpr std::string_view kEnding = ".json";
/// Grows beside its place; readers pass it over.
constexpr std::string_view kUnfinished = ".new";

/// Whether the process that wrote the file still holds it. One that cannot be opened is not told
/// from one that is held.
bool IsHeld(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return errno != ENOENT;
  return ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0;
}

}  // namespace

Result<std::unique_ptr<Announcement>> Announcement::Make(const std::string& state_dir,
                                                         const ServerAddress& address, Fs& fs) {
  const std::string folder = JoinPath(state_dir, kFolder);
  const std::string path = JoinPath(folder, address.id + std::string(kEnding));
  const std::string unfinished = path + std::string(kUnfinished);
  QUERN_TRY(fs.MakeDirs(folder));
  QUERN_ASSIGN(auto held, fs.Create(unfinished));
  const json::object said{{"url", address.url},
                          {"pid", address.pid},
                          {"since_ms", address.since_ms},
                          {"needs_token", address.needs_token}};
  QUERN_TRY(held->Append(WriteJson(said)));
  QUERN_TRY(fs.MoveInto(unfinished, path));
  return std::unique_ptr<Announcement>(new Announcement(path, std::move(held), fs));
}

Announcement::~Announcement() { (void)fs_.RemoveAll(path_); }

std::vector<ServerAddress> AnnouncedServers(const std::string& state_dir, Fs& fs) {
  const std::string folder = JoinPath(state_dir, kFolder);
  std::vector<ServerAddress> found;
  const auto names = fs.List(folder);
  if (!names) return found;
  for (const std::string& name : *names) {
    if (!name.ends_with(kEnding)) continue;
    const std::string path = JoinPath(folder, name);
    if (!IsHeld(path)) {
      (void)fs.RemoveAll(path);
      continue;
    }
    const auto text = fs.Read(path);
    const auto said = text ? ParseJson(*text, {.name = path}) : Result<json::value>(nullptr);
    if (!said || !said->is_object()) continue;
    found.push_back({name.substr(0, name.size() - kEnding.size()), TextAt(*said, "/url"),
                     static_cast<int64_t>(NumberAt(*said, "/pid").value_or(0)),
                     static_cast<int64_t>(NumberAt(*said, "/since_ms").value_or(0)),
                     TrueAt(*said, "/needs_token")});
  }
  std::sort(found.begin(), found.end(), [](const ServerAddress& a, const ServerAddress& b) {
    return std::tie(a.since_ms, a.id) < std::tie(b.since_ms, b.id);
  });
  return found;
}

std::string LocalUrl(const std::string& url) {
  for (const auto& [any, loopback] :
       {std::pair<std::string_view, std::string_view>{"://0.0.0.0:", "://127.0.0.1:"},
        {"://[::]:", "://[::1]:"}}) {
    if (const size_t at = url.find(any); at != std::string::npos) {
      return url.substr(0, at) + std::string(loopback) + url.substr(at + any.size());
    }
  }
  return url;
}

}  // namespace quern::serving
