#include "store/folder_artifacts.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

#include "base/ids.h"
#include "base/log.h"
#include "base/text.h"
#include "store/artifact_path.h"

namespace quern::store {
namespace {

constexpr std::string_view kScratch = ".quern-tmp";
constexpr std::string_view kUpload = "put-";

std::unexpected<Error> Absent(std::string_view path) {
  return Fail(Code::kNotFound, "there is no artifact " + QuotedPath(path));
}

std::unexpected<Error> Escapes() {
  return Fail(Code::kInvalidArgument, "Invalid path",
              "a symbolic link on it leads out of the artifact folder");
}

/// A failure of the file system as clients may see it: where the store lies goes to the log alone.
std::unexpected<Error> FileFailure(const Error& error, std::string_view doing,
                                   std::string_view path) {
  Log(LogLevel::kError, "artifacts: " + error.ToString());
  std::string message = "cannot " + std::string(doing) + " artifact " + QuotedPath(path);
  switch (error.code) {
    case Code::kResourceExhausted:
      return Fail(error.code, message + ": the disk of the artifact store is full",
                  "free some space there and send it again");
    case Code::kPermissionDenied:
      return Fail(error.code, message + ": the server may not",
                  "give its user the right to read and write the artifact folder");
    default:
      return Fail(Code::kUnavailable, message + ": the artifact store failed",
                  "the server's log says why");
  }
}

std::unexpected<Error> Errno(int error, std::string_view doing, std::string_view path) {
  Code code = error == EACCES || error == EPERM ? Code::kPermissionDenied : Code::kUnavailable;
  return FileFailure(Error{code, std::strerror(error), "", {}, {}}, doing, path);
}

/// `path` without symbolic links; nothing (and errno) if it cannot be followed.
std::optional<std::string> RealPath(const std::string& path) {
  std::array<char, PATH_MAX> buffer{};
  if (::realpath(path.c_str(), buffer.data()) == nullptr) return std::nullopt;
  return buffer.data();
}

bool IsFolder(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

std::string Hex(uint64_t value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  do {
    out.insert(out.begin(), kDigits[value & 15]);
    value >>= 4;
  } while (value != 0);
  return out;
}

/// True if no program writes it any more: a writer holds an flock.
bool Abandoned(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return fd.valid() && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0;
}

}  // namespace

class FolderArtifacts::Writer : public ArtifactWriter {
 public:
  Writer(const FolderArtifacts& store, std::string path, std::string aside,
         std::unique_ptr<FileWriter> file)
      : store_(store), path_(std::move(path)), aside_(std::move(aside)), file_(std::move(file)) {}
  ~Writer() override {
    file_.reset();
    if (committed_) return;
    if (Status removed = store_.fs_.RemoveAll(aside_); !removed) {
      Log(LogLevel::kWarning, "artifacts: " + removed.error().ToString());
    }
  }

  Status Append(std::string_view bytes) override {
    QUERN_TRY(status_);
    if (Status written = file_->Append(bytes); !written) {
      status_ = FileFailure(written.error(), "store", path_);
    }
    return status_;
  }

  Status Commit() override {
    QUERN_TRY(status_);
    QUERN_ASSIGN(std::string place, store_.Place(path_));
    if (Status moved = store_.fs_.MoveInto(aside_, place); !moved) {
      return FileFailure(moved.error(), "store", path_);
    }
    committed_ = true;
    return {};
  }

 private:
  const FolderArtifacts& store_;
  std::string path_;
  std::string aside_;
  std::unique_ptr<FileWriter> file_;
  Status status_;
  bool committed_ = false;
};

FolderArtifacts::FolderArtifacts(std::string root, Fs& fs)
    : root_(std::move(root)), scratch_(JoinPath(root_, kScratch)), fs_(fs) {}

Result<std::unique_ptr<FolderArtifacts>> FolderArtifacts::Open(const std::string& root, Fs& fs) {
  QUERN_TRY(fs.MakeDirs(root));
  auto real = RealPath(root);
  if (!real || !IsFolder(*real)) {
    return Fail(Code::kInvalidArgument, "the artifact folder '" + root + "' is not a folder",
                "name a folder that can be written");
  }
  std::unique_ptr<FolderArtifacts> store(new FolderArtifacts(std::move(*real), fs));
  QUERN_TRY(fs.MakeDirs(store->scratch_));
  QUERN_TRY(store->Unfinished(0, true));
  return store;
}

Result<UnfinishedUploads> FolderArtifacts::Unfinished(int64_t, bool remove) {
  UnfinishedUploads found;
  auto names = fs_.List(scratch_);
  if (!names && names.error().code == Code::kNotFound) return found;
  if (!names) return std::unexpected(std::move(names).error());
  for (const std::string& name : *names) {
    const std::string path = JoinPath(scratch_, name);
    const auto info = fs_.Stat(path);
    if (!info || !StartsWith(name, kUpload) || !Abandoned(path)) continue;
    ++found.count;
    found.bytes += info->size;
    if (remove) QUERN_TRY(fs_.RemoveAll(path));
  }
  return found;
}

bool FolderArtifacts::Inside(std::string_view real) const {
  const auto below = [&](const std::string& folder) {
    return StartsWith(real, folder) &&
           (real.size() == folder.size() || folder == "/" || real[folder.size()] == '/');
  };
  return below(root_) && !below(scratch_);
}

Result<std::string> FolderArtifacts::Find(std::string_view path) const {
  QUERN_ASSIGN(std::string clean, CleanArtifactPath(path));
  auto real = RealPath(JoinPath(root_, clean));
  if (real && Inside(*real)) return std::move(*real);
  if (real) return StartsWith(clean, kScratch) ? Absent(path) : Escapes();
  if (errno == ENOENT || errno == ENOTDIR) return Absent(path);
  if (errno == ELOOP) return Escapes();
  return Errno(errno, "open", path);
}

Result<std::string> FolderArtifacts::Place(std::string_view path) const {
  QUERN_ASSIGN(std::string clean, CleanArtifactPath(path));
  if (clean == kScratch || StartsWith(clean, std::string(kScratch) + "/")) {
    return Fail(Code::kInvalidArgument, "Invalid path",
                "'" + std::string(kScratch) + "' is the store's own");
  }
  std::string place = JoinPath(root_, clean);
  if (IsFolder(place)) {
    return Fail(Code::kInvalidArgument, QuotedPath(path) + " is a folder, not a file",
                "choose another name or delete the folder first");
  }
  for (std::string above = DirName(place);; above = DirName(above)) {
    auto real = RealPath(above);
    if (!real && errno == ENOENT && above.size() > root_.size()) continue;
    bool file = real ? !IsFolder(*real) : errno == ENOTDIR;
    if (file) {
      return Fail(Code::kInvalidArgument,
                  "cannot store artifact " + QuotedPath(path) + ": a part of its path is a file",
                  "choose another name or delete that file first");
    }
    if (!real && errno != ELOOP && errno != ENOENT) return Errno(errno, "store", path);
    // The root itself may have been removed: it is made again.
    if (real ? !Inside(*real) : errno == ELOOP) return Escapes();
    return place;
  }
}

Result<std::unique_ptr<ArtifactWriter>> FolderArtifacts::Put(std::string_view path) {
  QUERN_TRY(Place(path));
  std::string aside = JoinPath(scratch_, std::string(kUpload) + NewHexId());
  Status ready = fs_.MakeDirs(scratch_);
  if (!ready) return FileFailure(ready.error(), "store", path);
  auto file = fs_.Create(aside);
  if (!file) return FileFailure(file.error(), "store", path);
  return std::make_unique<Writer>(*this, std::string(path), std::move(aside), std::move(*file));
}

Result<ArtifactFile> FolderArtifacts::Open(std::string_view path) {
  QUERN_ASSIGN(std::string real, Find(path));
  // O_NONBLOCK: a named pipe in the folder must not hold the thread.
  UniqueFd fd(::open(real.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd.valid() && errno == ENOENT) return Absent(path);
  if (!fd.valid()) return Errno(errno, "open", path);
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return Errno(errno, "open", path);
  if (S_ISDIR(info.st_mode)) {
    return Fail(Code::kInvalidArgument, QuotedPath(path) + " is a folder, not a file",
                "list it, and ask for the files in it");
  }
  if (!S_ISREG(info.st_mode)) return Absent(path);
  // A folder on the way may have been exchanged for a link since Find() looked.
  auto opened = RealPath("/proc/self/fd/" + std::to_string(fd.get()));
  if (opened && !Inside(*opened)) return Escapes();
  auto size = static_cast<uint64_t>(info.st_size);
  auto time = static_cast<uint64_t>(info.st_mtim.tv_sec) * 1'000'000'000 +
              static_cast<uint64_t>(info.st_mtim.tv_nsec);
  return ArtifactFile{std::move(fd), size, Hex(size) + "-" + Hex(time)};
}

Result<std::vector<ArtifactEntry>> FolderArtifacts::List(std::string_view path) {
  std::string folder = root_;
  if (!path.empty()) {
    auto real = Find(path);
    if (!real && real.error().code == Code::kNotFound) return std::vector<ArtifactEntry>();
    if (!real) return std::unexpected(std::move(real).error());
    folder = std::move(*real);
  }
  std::vector<ArtifactEntry> entries;
  std::error_code error;
  std::filesystem::directory_iterator it(folder, error);
  for (; !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    std::string name = it->path().filename().string();
    // What no path can name, or what a path would be refused for, is not shown.
    if (!CleanArtifactPath(name)) continue;
    auto real = RealPath(it->path().string());
    if (!real || !Inside(*real)) continue;
    struct stat info{};
    if (::stat(real->c_str(), &info) != 0) continue;
    if (S_ISDIR(info.st_mode)) {
      entries.push_back({std::move(name), true, 0});
    } else if (S_ISREG(info.st_mode)) {
      entries.push_back({std::move(name), false, static_cast<uint64_t>(info.st_size)});
    }
  }
  bool nothing = error.value() == ENOENT || error.value() == ENOTDIR;
  if (error && !nothing) return Errno(error.value(), "list", path);
  std::sort(entries.begin(), entries.end(),
            [](const ArtifactEntry& a, const ArtifactEntry& b) { return a.name < b.name; });
  return entries;
}

Status FolderArtifacts::Delete(std::string_view path) {
  QUERN_ASSIGN(std::string clean, CleanArtifactPath(path));
  std::string place = JoinPath(root_, clean);
  // The link itself goes, not what it points at, so only the folder above must lie inside.
  auto above = RealPath(DirName(place));
  if (above && !Inside(*above)) return StartsWith(clean, kScratch) ? Absent(path) : Escapes();
  struct stat info{};
  if (!above || clean == kScratch || ::lstat(place.c_str(), &info) != 0) {
    return Absent(path);
  }
  if (Status removed = fs_.RemoveAll(place); !removed) {
    return FileFailure(removed.error(), "delete", path);
  }
  return {};
}

Result<bool> FolderArtifacts::Exists(std::string_view path) {
  auto real = Find(path);
  if (real) return true;
  if (real.error().code == Code::kNotFound) return false;
  return std::unexpected(std::move(real).error());
}

}  // namespace quern::store
