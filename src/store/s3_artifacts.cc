#include "store/s3_artifacts.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/fs.h"
#include "base/log.h"
#include "base/text.h"
#include "store/artifact_path.h"

namespace quern::store {
namespace {

/// S3 takes 10,000 parts: after so many of one size, they double.
constexpr size_t kPartsOfOneSize = 2000;

/// A failure of the object store as clients may see it: its address goes to the log alone.
std::unexpected<Error> ObjectFailure(const Error& error, std::string_view doing,
                                     std::string_view path) {
  if (error.code == Code::kNotFound) {
    return Fail(Code::kNotFound, "there is no artifact " + QuotedPath(path));
  }
  Log(LogLevel::kError, "artifacts: " + error.ToString());
  std::string message = "cannot " + std::string(doing) + " artifact " + QuotedPath(path);
  switch (error.code) {
    case Code::kPermissionDenied:
      return Fail(error.code, message + ": the object store refuses the server's credentials",
                  "check the server's AWS_ACCESS_KEY_ID and what it may do");
    case Code::kResourceExhausted:
      return Fail(error.code, message + ": the artifact store is full",
                  "free some space there and send it again");
    default:
      return Fail(Code::kUnavailable, message + ": the object store failed",
                  "the server's log says why");
  }
}

/// An open file that has no name any more.
Result<UniqueFd> TemporaryFile(const std::string& folder) {
  std::string path = JoinPath(folder, "quern-XXXXXX");
  UniqueFd fd(::mkostemp(path.data(), O_CLOEXEC));
  if (!fd.valid()) {
    return Fail(Code::kUnavailable, "'" + folder + "': " + std::strerror(errno));
  }
  ::unlink(path.c_str());
  return fd;
}

Status WriteAll(const UniqueFd& fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t wrote = ::write(fd.get(), bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) {
      return Fail(errno == ENOSPC ? Code::kResourceExhausted : Code::kUnavailable,
                  std::string("a temporary file: ") + std::strerror(errno));
    }
    bytes.remove_prefix(static_cast<size_t>(wrote));
  }
  return {};
}

/// ETags as the port has them.
std::string PlainEtag(std::string_view etag) {
  std::string out;
  for (char c : etag) {
    bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    out += plain ? c : '-';
  }
  return out;
}

}  // namespace

class S3Artifacts::Writer : public ArtifactWriter {
 public:
  Writer(S3Client& client, std::string path, std::string key)
      : client_(client), path_(std::move(path)), key_(std::move(key)) {}
  ~Writer() override {
    if (upload_.empty() || committed_) return;
    if (Status aborted = client_.AbortParts(key_, upload_); !aborted) {
      Log(LogLevel::kWarning, "artifacts: " + aborted.error().ToString());
    }
  }

  Status Append(std::string_view bytes) override {
    while (status_ && !bytes.empty()) {
      size_t room = static_cast<size_t>(PartBytes()) - part_.size();
      part_ += bytes.substr(0, room);
      bytes.remove_prefix(std::min(room, bytes.size()));
      if (part_.size() == PartBytes()) Keep(SendPart());
    }
    return status_;
  }

  Status Commit() override {
    QUERN_TRY(status_);
    if (upload_.empty()) {
      Keep(client_.Put(key_, std::move(part_)));
    } else {
      if (!part_.empty()) Keep(SendPart());
      if (status_) Keep(client_.CompleteParts(key_, upload_, etags_));
    }
    committed_ = status_.has_value();
    return status_;
  }

 private:
  uint64_t PartBytes() const {
    return client_.options().part_bytes << (etags_.size() / kPartsOfOneSize);
  }
  void Keep(const Status& status) {
    if (!status) status_ = ObjectFailure(status.error(), "store", path_);
  }
  Status SendPart() {
    if (upload_.empty()) {
      QUERN_ASSIGN(upload_, client_.BeginParts(key_));
    }
    QUERN_ASSIGN(std::string etag,
                 client_.PutPart(key_, upload_, etags_.size() + 1, std::exchange(part_, {})));
    etags_.push_back(std::move(etag));
    return {};
  }

  S3Client& client_;
  std::string path_;
  std::string key_;
  std::string part_;
  std::string upload_;
  std::vector<std::string> etags_;
  Status status_;
  bool committed_ = false;
};

S3Artifacts::S3Artifacts(S3Options options, std::string scratch, const Clock& clock)
    : client_(std::move(options), clock), scratch_(std::move(scratch)), clock_(clock) {}

Result<std::string> S3Artifacts::KeyOf(std::string_view path) const {
  QUERN_ASSIGN(std::string clean, CleanArtifactPath(path));
  const std::string& prefix = client_.options().prefix;
  return prefix.empty() ? clean : prefix + "/" + clean;
}

Result<std::unique_ptr<ArtifactWriter>> S3Artifacts::Put(std::string_view path) {
  QUERN_ASSIGN(std::string key, KeyOf(path));
  return std::make_unique<Writer>(client_, std::string(path), std::move(key));
}

Result<bool> S3Artifacts::IsFolder(const std::string& key) {
  QUERN_ASSIGN(S3Listing page, client_.List(key + "/", false, "", 1));
  return !page.objects.empty();
}

Result<ArtifactFile> S3Artifacts::Open(std::string_view path) {
  return OpenPart(path, [](uint64_t size, std::string_view) { return ArtifactSpan{0, size}; });
}

Result<ArtifactFile> S3Artifacts::OpenPart(std::string_view path, const ChooseSpan& choose) {
  QUERN_ASSIGN(std::string key, KeyOf(path));
  auto head = client_.Stat(key);
  if (!head && head.error().code == Code::kNotFound && IsFolder(key).value_or(false)) {
    return Fail(Code::kInvalidArgument, QuotedPath(path) + " is a folder, not a file",
                "list it, and ask for the files in it");
  }
  if (!head) return ObjectFailure(head.error(), "open", path);
  auto fd = TemporaryFile(scratch_);
  if (!fd) return ObjectFailure(fd.error(), "open", path);
  const std::string etag = PlainEtag(head->etag);
  const ArtifactSpan span = choose(head->size, etag);
  const uint64_t end = span.first + span.length;
  // What is not wanted stays a hole in the file: it takes no space and no time.
  if (::ftruncate(fd->get(), static_cast<off_t>(head->size)) != 0 ||
      ::lseek(fd->get(), static_cast<off_t>(span.first), SEEK_SET) < 0) {
    return ObjectFailure({Code::kUnavailable, std::strerror(errno), "", {}, {}}, "open", path);
  }
  const uint64_t step = client_.options().part_bytes;
  for (uint64_t at = span.first; at < end; at += step) {
    auto bytes = client_.Read(key, at, std::min(step, end - at), head->etag);
    if (!bytes) return ObjectFailure(bytes.error(), "open", path);
    if (Status wrote = WriteAll(*fd, *bytes); !wrote)
      return ObjectFailure(wrote.error(), "open", path);
  }
  return ArtifactFile{std::move(*fd), head->size, etag};
}

Result<std::string> S3Artifacts::FolderKey(std::string_view folder) const {
  std::string key = client_.options().prefix;
  if (!folder.empty()) {
    QUERN_ASSIGN(key, KeyOf(folder));
  }
  if (!key.empty()) key += '/';
  return key;
}

Result<std::vector<ArtifactEntry>> S3Artifacts::List(std::string_view path) {
  QUERN_ASSIGN(const std::string folder, FolderKey(path));
  std::vector<ArtifactEntry> entries;
  std::string token;
  do {
    auto page = client_.List(folder, true, token);
    if (!page) return ObjectFailure(page.error(), "list", path);
    for (const S3Listing::Object& object : page->objects) {
      std::string name = object.key.substr(std::min(folder.size(), object.key.size()));
      // What no path can name is not shown, nor the mark that some tools leave for a folder.
      if (CleanArtifactPath(name)) entries.push_back({std::move(name), false, object.size});
    }
    for (const std::string& prefix : page->prefixes) {
      std::string name = prefix.substr(std::min(folder.size(), prefix.size()));
      if (name.ends_with('/')) name.pop_back();
      if (CleanArtifactPath(name)) entries.push_back({std::move(name), true, 0});
    }
    token = page->next_token;
  } while (!token.empty());
  std::sort(entries.begin(), entries.end(),
            [](const ArtifactEntry& a, const ArtifactEntry& b) { return a.name < b.name; });
  return entries;
}

Status S3Artifacts::Delete(std::string_view path) {
  QUERN_ASSIGN(std::string key, KeyOf(path));
  bool found = false;
  const auto remove = [&](const std::string& which) -> Status {
    found = true;
    if (Status removed = client_.Delete(which); !removed) {
      return ObjectFailure(removed.error(), "delete", path);
    }
    return {};
  };
  auto head = client_.Stat(key);
  if (!head && head.error().code != Code::kNotFound) {
    return ObjectFailure(head.error(), "delete", path);
  }
  if (head) QUERN_TRY(remove(key));
  // Always the first page: what it held is gone afterwards.
  for (;;) {
    auto page = client_.List(key + "/", false, "");
    if (!page) return ObjectFailure(page.error(), "delete", path);
    for (const S3Listing::Object& object : page->objects) QUERN_TRY(remove(object.key));
    if (page->objects.empty()) break;
  }
  if (!found) return Fail(Code::kNotFound, "there is no artifact " + QuotedPath(path));
  return {};
}

Result<bool> S3Artifacts::Exists(std::string_view path) {
  QUERN_ASSIGN(std::string key, KeyOf(path));
  auto head = client_.Stat(key);
  if (head) return true;
  if (head.error().code != Code::kNotFound) return ObjectFailure(head.error(), "look for", path);
  auto folder = IsFolder(key);
  if (!folder) return ObjectFailure(folder.error(), "look for", path);
  return *folder;
}

Status S3Artifacts::Walk(std::string_view folder, const OnArtifact& on_file) {
  QUERN_ASSIGN(const std::string key, FolderKey(folder));
  QUERN_ASSIGN(const std::string root, FolderKey(""));
  std::string token;
  do {
    auto page = client_.List(key, false, token);
    if (!page) return ObjectFailure(page.error(), "list", folder);
    for (const S3Listing::Object& object : page->objects) {
      const std::string path = object.key.substr(std::min(root.size(), object.key.size()));
      if (CleanArtifactPath(path)) QUERN_TRY(on_file(path, object.size));
    }
    token = page->next_token;
  } while (!token.empty());
  return {};
}

Result<UnfinishedUploads> S3Artifacts::Unfinished(int64_t age_ms, bool remove) {
  QUERN_ASSIGN(const std::string root, FolderKey(""));
  UnfinishedUploads found;
  S3Uploads page;
  do {
    auto next = client_.ListUploads(root, page);
    if (!next) return ObjectFailure(next.error(), "list the unfinished uploads of", "");
    page = std::move(*next);
    for (const S3Uploads::Upload& upload : page.uploads) {
      const auto begun = ParseTime(upload.begun);
      // One whose age cannot be told may be under way.
      if (!begun || clock_.NowMs() - *begun < age_ms || !StartsWith(upload.key, root)) continue;
      ++found.count;
      if (!remove) continue;
      Status aborted = client_.AbortParts(upload.key, upload.id);
      // Somebody else has ended it meanwhile.
      if (!aborted && aborted.error().code != Code::kNotFound) {
        return ObjectFailure(aborted.error(), "abort the upload of", upload.key);
      }
    }
  } while (!page.next_key.empty());
  return found;
}

}  // namespace quern::store
