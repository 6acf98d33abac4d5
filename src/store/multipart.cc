#include "store/multipart.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/fd.h"
#include "base/hex.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/text.h"
#include "store/artifact_path.h"

namespace quern::store {
namespace {

constexpr std::string_view kAbout = "upload";
constexpr size_t kChunk = 256u << 10;

std::string PartName(int number, std::string_view etag) {
  return std::to_string(number) + "-" + std::string(etag);
}

bool IsId(std::string_view text) { return IsHex(text, 16); }

std::unexpected<Error> Failed(const Error& error, std::string_view doing) {
  Log(LogLevel::kError, "multipart upload: " + error.ToString());
  if (error.code == Code::kResourceExhausted) {
    return Fail(error.code, "cannot " + std::string(doing) + ": the artifact store's disk is full",
                "free some space there and send it again");
  }
  return Fail(error.code == Code::kPermissionDenied ? error.code : Code::kUnavailable,
              "cannot " + std::string(doing) + ": the artifact store failed",
              "the server's log says why");
}

Status AppendFile(const std::string& path, ArtifactWriter* out) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string chunk(kChunk, '\0');
  for (;;) {
    ssize_t got = fd.valid() ? ::read(fd.get(), chunk.data(), chunk.size()) : -1;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return Failed({Code::kUnavailable, "'" + path + "': " + std::strerror(errno), "", {}, {}},
                    "read an uploaded part");
    }
    if (got == 0) return {};
    QUERN_TRY(out->Append({chunk.data(), static_cast<size_t>(got)}));
  }
}

}  // namespace

struct MultipartUploads::Upload {
  std::string folder;
  std::string path;
  int parts = 0;
};

class MultipartUploads::Writer : public PartWriter {
 public:
  Writer(MultipartUploads& uploads, std::string folder, int number,
         std::unique_ptr<FileWriter> file, std::string etag)
      : uploads_(uploads),
        folder_(std::move(folder)),
        number_(number),
        file_(std::move(file)),
        etag_(std::move(etag)) {}
  ~Writer() override {
    file_.reset();
    if (!committed_) static_cast<void>(uploads_.fs_.RemoveAll(Aside(folder_, etag_)));
  }
  static std::string Aside(const std::string& folder, const std::string& etag) {
    return JoinPath(folder, "part-" + etag);
  }

  const std::string& etag() const override { return etag_; }

  Status Append(std::string_view bytes) override {
    QUERN_TRY(status_);
    if (Status written = file_->Append(bytes); !written) {
      status_ = Failed(written.error(), "store a part");
    }
    return status_;
  }

  Status Commit() override {
    QUERN_TRY(status_);
    MutexLock lock(uploads_.mutex_);
    std::string name = PartName(number_, etag_);
    // Looked for first: moving a part into place would make a folder that an abort has removed.
    auto others = uploads_.fs_.List(folder_);
    if (!others) return Fail(Code::kNotFound, "the upload was aborted meanwhile");
    Status moved = uploads_.fs_.MoveInto(Aside(folder_, etag_), JoinPath(folder_, name));
    if (!moved) return Failed(moved.error(), "store a part");
    committed_ = true;
    for (const std::string& other : *others) {
      if (StartsWith(other, PartName(number_, "")) && other != name) {
        QUERN_TRY(uploads_.fs_.RemoveAll(JoinPath(folder_, other)));
      }
    }
    return {};
  }

 private:
  MultipartUploads& uploads_;
  std::string folder_;
  int number_;
  std::unique_ptr<FileWriter> file_;
  std::string etag_;
  Status status_;
  bool committed_ = false;
};

MultipartUploads::MultipartUploads(ArtifactStore& store, std::string folder, Fs& fs,
                                   const Clock& clock)
    : store_(store), folder_(std::move(folder)), fs_(fs), clock_(clock) {}

Result<MultipartUploads::Upload> MultipartUploads::Find(std::string_view upload) const {
  std::unexpected<Error> absent =
      Fail(Code::kNotFound, "there is no multipart upload with that upload_id",
           "it may be complete, aborted or too old; begin another one");
  if (!IsId(upload)) return absent;
  Upload found{JoinPath(folder_, upload), "", 0};
  auto about = fs_.Read(JoinPath(found.folder, kAbout));
  if (!about && about.error().code == Code::kNotFound) return absent;
  if (!about) return Failed(about.error(), "find the upload");
  auto lines = Split(*about, '\n');
  auto parts = lines.size() == 2 ? ParseInt(lines[0]) : std::nullopt;
  if (!parts) return Fail(Code::kDataLoss, "'" + found.folder + "' is not an upload");
  found.parts = static_cast<int>(*parts);
  found.path = lines[1];
  return found;
}

Result<MultipartUploads::Upload> MultipartUploads::FindFor(std::string_view upload,
                                                           std::string_view path) const {
  QUERN_ASSIGN(Upload found, Find(upload));
  if (found.path == path) return found;
  return Fail(Code::kInvalidArgument,
              "the upload_id belongs to another artifact than '" + std::string(path) + "'");
}

Result<std::string> MultipartUploads::Create(std::string_view path, int parts) {
  QUERN_ASSIGN(std::string clean, CleanArtifactPath(path));
  if (parts < 1 || parts > kMaxParts) {
    return Fail(
        Code::kInvalidArgument,
        "an upload has 1 to " + std::to_string(kMaxParts) + " parts, not " + std::to_string(parts),
        "choose larger parts");
  }
  std::string id = NewHexId();
  Status made = fs_.WriteAtomic(JoinPath(JoinPath(folder_, id), kAbout),
                                std::to_string(parts) + "\n" + clean);
  if (!made) return Failed(made.error(), "begin an upload");
  return id;
}

Result<std::unique_ptr<PartWriter>> MultipartUploads::PutPart(std::string_view upload, int number) {
  QUERN_ASSIGN(Upload found, Find(upload));
  if (number < 1 || number > found.parts) {
    return Fail(Code::kInvalidArgument, "part " + std::to_string(number) + " of an upload of " +
                                            std::to_string(found.parts) + " parts");
  }
  std::string etag = NewHexId();
  auto file = fs_.Create(Writer::Aside(found.folder, etag));
  if (!file) return Failed(file.error(), "store a part");
  return std::make_unique<Writer>(*this, found.folder, number, std::move(*file), std::move(etag));
}

Status MultipartUploads::Complete(std::string_view upload, std::string_view path,
                                  const std::vector<UploadedPart>& parts) {
  QUERN_ASSIGN(Upload found, FindFor(upload, path));
  if (parts.empty()) return Fail(Code::kInvalidArgument, "no parts are named");
  int last = 0;
  for (const UploadedPart& part : parts) {
    if (part.number <= last) {
      return Fail(Code::kInvalidArgument, "the numbers of the parts do not rise");
    }
    last = part.number;
    if (!IsId(part.etag) || !fs_.Exists(JoinPath(found.folder, PartName(last, part.etag)))) {
      return Fail(Code::kInvalidArgument,
                  "part " + std::to_string(last) + " with that etag was not received",
                  "send the part and name the ETag of the answer");
    }
  }
  QUERN_ASSIGN(auto whole, store_.Put(path));
  for (const UploadedPart& part : parts) {
    QUERN_TRY(AppendFile(JoinPath(found.folder, PartName(part.number, part.etag)), whole.get()));
  }
  QUERN_TRY(whole->Commit());
  if (Status removed = fs_.RemoveAll(found.folder); !removed) {
    Log(LogLevel::kWarning, "multipart upload: " + removed.error().ToString());
  }
  return {};
}

Status MultipartUploads::Abort(std::string_view upload, std::string_view path) {
  QUERN_ASSIGN(Upload found, FindFor(upload, path));
  MutexLock lock(mutex_);
  if (Status removed = fs_.RemoveAll(found.folder); !removed) {
    return Failed(removed.error(), "abort the upload");
  }
  return {};
}

Result<UnfinishedUploads> MultipartUploads::Unfinished(int64_t age_ms, bool remove) {
  UnfinishedUploads found;
  auto names = fs_.List(folder_);
  if (!names && names.error().code == Code::kNotFound) return found;
  if (!names) return std::unexpected(std::move(names).error());
  for (const std::string& name : *names) {
    const std::string path = JoinPath(folder_, name);
    const auto info = fs_.Stat(path);
    const bool old = info && clock_.NowMs() - info->mtime_ns / 1'000'000 >= age_ms;
    if (!old || !IsId(name)) continue;
    const auto parts = fs_.List(path);
    ++found.count;
    for (const std::string& part : parts.value_or(std::vector<std::string>())) {
      if (const auto file = fs_.Stat(JoinPath(path, part))) found.bytes += file->size;
    }
    if (remove) QUERN_TRY(fs_.RemoveAll(path));
  }
  return found;
}

}  // namespace quern::store
