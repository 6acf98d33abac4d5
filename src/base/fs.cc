#include "base/fs.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/check.h"
#include "base/fd.h"

namespace quern {
namespace {

Code CodeOf(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return Code::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::kPermissionDenied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return Code::kResourceExhausted;
    default:
      return Code::kUnavailable;
  }
}

std::unexpected<Error> Errno(const char* what, const std::string& path) {
  const int error = errno;
  std::string hint;
  if (CodeOf(error) == Code::kResourceExhausted) hint = "free some space and run again";
  if (CodeOf(error) == Code::kPermissionDenied) hint = "check who may write there";
  return Fail(CodeOf(error),
              std::string("cannot ") + what + " '" + path + "': " + std::strerror(error), hint);
}

Status SyncPath(const std::string& path) {
  const UniqueFd fd(::open(path.empty() ? "." : path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0 || ::fsync(fd.get()) != 0) return Errno("sync", path);
  return {};
}

Status WriteAll(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return Errno("write", path);
    bytes.remove_prefix(static_cast<size_t>(wrote));
  }
  return {};
}

class RealFileWriter : public FileWriter {
 public:
  RealFileWriter(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Status Append(std::string_view bytes) override {
    QUERN_TRY(WriteAll(fd_.get(), bytes, path_));
    written_ += static_cast<off_t>(bytes.size());
    if (written_ - started_ >= kWriteBack) {
      // Lets the disk begin now, so that the fsync at the end of a large file does not wait for all
      // of it. A hint: what cannot be written shows in that fsync.
      ::sync_file_range(fd_.get(), started_, written_ - started_, SYNC_FILE_RANGE_WRITE);
      started_ = written_;
    }
    return {};
  }

 private:
  static constexpr off_t kWriteBack = 8 << 20;
  UniqueFd fd_;
  std::string path_;
  off_t written_ = 0;
  off_t started_ = 0;
};

class RealFsImpl : public Fs {
 public:
  Result<std::string> Read(const std::string& path) override {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.get() < 0) return Errno("read", path);
    std::string out;
    char buffer[1 << 16];
    for (;;) {
      const ssize_t got = ::read(fd.get(), buffer, sizeof(buffer));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return Errno("read", path);
      if (got == 0) return out;
      out.append(buffer, static_cast<size_t>(got));
    }
  }

  Status WriteAtomic(const std::string& path, std::string_view bytes) override {
    QUERN_TRY(MakeDirs(DirName(path)));
    const std::string aside = path + ".tmp-" + std::to_string(::getpid());
    Status written = WriteAside(aside, bytes);
    if (written && ::rename(aside.c_str(), path.c_str()) != 0) written = Errno("rename", aside);
    if (!written) {
      ::unlink(aside.c_str());
      return written;
    }
    return SyncPath(DirName(path));
  }

  Result<std::unique_ptr<FileWriter>> Create(const std::string& path) override {
    UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!fd.valid() && errno == EEXIST) {
      return Fail(Code::kAlreadyExists, "'" + path + "' is there already");
    }
    if (!fd.valid()) return Errno("make", path);
    ::flock(fd.get(), LOCK_EX | LOCK_NB);
    return std::make_unique<RealFileWriter>(std::move(fd), path);
  }

  Status MoveInto(const std::string& from, const std::string& to) override {
    QUERN_TRY(MakeDirs(DirName(to)));
    QUERN_TRY(SyncPath(from));
    if (::rename(from.c_str(), to.c_str()) != 0) return Errno("rename", from);
    QUERN_TRY(SyncPath(DirName(to)));
    return DirName(from) == DirName(to) ? Status() : SyncPath(DirName(from));
  }

  Status MakeDirs(const std::string& path) override {
    if (path.empty()) return {};
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) {
      errno = error.value();
      return Errno("make the folder", path);
    }
    return {};
  }

  Status RemoveAll(const std::string& path) override {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) {
      errno = error.value();
      return Errno("remove", path);
    }
    return {};
  }

  Result<FileInfo> Stat(const std::string& path) override {
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) return Errno("look at", path);
    const auto ns = [](const timespec& t) { return t.tv_sec * 1'000'000'000 + t.tv_nsec; };
    return FileInfo{static_cast<uint64_t>(info.st_size), ns(info.st_mtim), ns(info.st_ctim),
                    info.st_ino, S_ISDIR(info.st_mode)};
  }

  Result<std::vector<std::string>> List(const std::string& path) override {
    std::error_code error;
    std::vector<std::string> names;
    std::filesystem::directory_iterator it(path, error);
    for (; !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
      names.push_back(it->path().filename().string());
    }
    if (error) {
      errno = error.value();
      return Errno("list", path);
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  Status Copy(const std::string& from, const std::string& to) override {
    QUERN_ASSIGN(const std::string bytes, Read(from));
    return WriteAtomic(to, bytes);
  }

 private:
  static Status WriteAside(const std::string& aside, std::string_view bytes) {
    const UniqueFd fd(::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (fd.get() < 0) return Errno("write", aside);
    QUERN_TRY(WriteAll(fd.get(), bytes, aside));
    if (::fsync(fd.get()) != 0) return Errno("sync", aside);
    return {};
  }
};

}  // namespace

Fs& RealFs() {
  static RealFsImpl fs;
  return fs;
}

Status FaultyFs::Count(const std::string& path) {
  if (++calls_ < fail_at_) return {};
  return Fail(code_, "cannot write '" + path + "': injected fault " + std::to_string(calls_));
}

class FaultyFs::Writer : public FileWriter {
 public:
  Writer(FaultyFs& fs, std::unique_ptr<FileWriter> below, std::string path)
      : fs_(fs), below_(std::move(below)), path_(std::move(path)) {}
  Status Append(std::string_view bytes) override {
    QUERN_TRY(fs_.Count(path_));
    return below_->Append(bytes);
  }

 private:
  FaultyFs& fs_;
  std::unique_ptr<FileWriter> below_;
  std::string path_;
};

Result<std::unique_ptr<FileWriter>> FaultyFs::Create(const std::string& path) {
  QUERN_TRY(Count(path));
  QUERN_ASSIGN(auto below, below_.Create(path));
  return std::make_unique<Writer>(*this, std::move(below), path);
}

Status FaultyFs::WriteAtomic(const std::string& path, std::string_view bytes) {
  QUERN_TRY(Count(path));
  return below_.WriteAtomic(path, bytes);
}
Status FaultyFs::MoveInto(const std::string& from, const std::string& to) {
  QUERN_TRY(Count(to));
  return below_.MoveInto(from, to);
}
Status FaultyFs::MakeDirs(const std::string& path) {
  QUERN_TRY(Count(path));
  return below_.MakeDirs(path);
}
Status FaultyFs::RemoveAll(const std::string& path) {
  QUERN_TRY(Count(path));
  return below_.RemoveAll(path);
}
Status FaultyFs::Copy(const std::string& from, const std::string& to) {
  QUERN_TRY(Count(to));
  return below_.Copy(from, to);
}

std::string JoinPath(std::string_view folder, std::string_view name) {
  if (folder.empty() || (!name.empty() && name.front() == '/')) return std::string(name);
  std::string out(folder);
  if (out.back() != '/') out += '/';
  out += name;
  return out;
}

std::string DirName(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(path.substr(0, slash == 0 ? 1 : slash));
}

std::string BaseName(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "quern-XXXXXX").string();
  QUERN_CHECK(::mkdtemp(pattern.data()) != nullptr, "a temporary folder");
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace quern
