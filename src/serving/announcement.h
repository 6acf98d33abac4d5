#pragma once
// Where the model servers of a project listen, as each of them says in the project's state folder:
// what a page or a program asks without being told an address.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/fs.h"
#include "base/result.h"

namespace quern::serving {

struct ServerAddress {
  std::string id;   // of this start of the server
  std::string url;  // how it is reached from this machine: "http://127.0.0.1:8080"
  int64_t pid = 0;
  int64_t since_ms = 0;
  bool needs_token = false;  // requests have to carry one of its tokens
};

/// One server's word in STATE/servers/ID.json, from now until destroyed. The file is locked as long
/// as the process lives, so that one that was killed is not taken for one that listens.
class Announcement {
 public:
  /// Errors are the folder's: one that may not be written, a full disk.
  static Result<std::unique_ptr<Announcement>> Make(const std::string& state_dir,
                                                    const ServerAddress& address, Fs& fs);
  ~Announcement();
  Announcement(const Announcement&) = delete;
  Announcement& operator=(const Announcement&) = delete;

 private:
  Announcement(std::string path, std::unique_ptr<FileWriter> held, Fs& fs)
      : path_(std::move(path)), held_(std::move(held)), fs_(fs) {}
  std::string path_;
  std::unique_ptr<FileWriter> held_;
  Fs& fs_;
};

/// The servers that listen now, the one that started first first. What a killed one left behind is
/// removed if that is possible. None if the folder cannot be read.
std::vector<ServerAddress> AnnouncedServers(const std::string& state_dir, Fs& fs);

/// How a server that listens on `url` is reached from this machine: an address that stands for all
/// of them ("http://0.0.0.0:8080") is the loopback's.
std::string LocalUrl(const std::string& url);

}  // namespace quern::serving
