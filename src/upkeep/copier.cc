#include "upkeep/copier.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/fd.h"

namespace quern::upkeep {

Status ReadPieces(int fd, const std::string& name, const CancelToken& cancel,
                  const std::function<Status(std::string_view)>& take) {
  std::string piece(256u << 10, '\0');
  for (;;) {
    QUERN_TRY(cancel.Check());
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return Fail(Code::kUnavailable, "cannot read '" + name + "': " + std::strerror(errno));
    }
    if (got == 0) return {};
    QUERN_TRY(take({piece.data(), static_cast<size_t>(got)}));
  }
}

Status Copier::Stream(int fd, const std::string& from, const std::string& path) {
  const std::string to = JoinPath(to_, path);
  QUERN_TRY(fs_.MakeDirs(DirName(to)));
  QUERN_ASSIGN(const auto out, fs_.Create(to));
  uint64_t bytes = 0;
  QUERN_TRY(ReadPieces(fd, from, cancel_, [&](std::string_view piece) {
    bytes += piece.size();
    return out->Append(piece);
  }));
  ++files_;
  bytes_ += bytes;
  progress_.Update(files_, std::max<size_t>(expected_, files_), "files");
  return {};
}

Status Copier::File(const std::string& from, const std::string& path) {
  // O_NONBLOCK: a named pipe in the folder must not hold this.
  const UniqueFd fd(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) {
    const Code code = errno == ENOENT ? Code::kNotFound : Code::kPermissionDenied;
    return Fail(code, "cannot read '" + from + "': " + std::strerror(errno),
                "check who may read there");
  }
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
  QUERN_TRY(Stream(fd.get(), from, path));
  // Keys of webhooks stay their owner's alone.
  ::chmod(JoinPath(to_, path).c_str(), info.st_mode & 0777);
  return {};
}

Status Copier::Artifact(store::ArtifactStore& store, const std::string& from,
                        const std::string& path) {
  QUERN_ASSIGN(const store::ArtifactFile file, store.Open(from));
  if (::lseek(file.fd.get(), 0, SEEK_SET) != 0) {
    return Fail(Code::kUnavailable, "cannot read artifact '" + from + "'");
  }
  return Stream(file.fd.get(), from, path);
}

Status Copier::Finish() {
  const UniqueFd fd(::open(to_.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.valid() && ::syncfs(fd.get()) == 0) return {};
  return Fail(errno == ENOSPC ? Code::kResourceExhausted : Code::kUnavailable,
              "cannot sync '" + to_ + "': " + std::strerror(errno));
}

Result<std::vector<std::string>> FilesBelow(const std::string& folder, Fs& fs) {
  std::vector<std::string> files;
  QUERN_ASSIGN(const auto names, fs.List(folder));
  for (const std::string& name : names) {
    const auto info = fs.Stat(JoinPath(folder, name));
    if (!info) continue;  // gone meanwhile, or a link to nowhere
    if (!info->is_dir) {
      files.push_back(name);
      continue;
    }
    const auto below = FilesBelow(JoinPath(folder, name), fs);
    if (!below && below.error().code == Code::kNotFound) continue;
    QUERN_TRY(below);
    for (const std::string& file : *below) files.push_back(JoinPath(name, file));
  }
  return files;
}

}  // namespace quern::upkeep
