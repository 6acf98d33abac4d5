#include "exchange/oci_layout.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/digest.h"
#include "base/fd.h"
#include "base/fs.h"
#include "base/hex.h"
#include "base/json_read.h"
#include "base/text.h"
#include "exchange/oci_words.h"

namespace quern::exchange {
namespace {

constexpr char kOther[] = "name a folder in OCI image layout, or a .tar of one";
constexpr char kAgain[] = "the layout was changed or not copied whole: copy it again";

}  // namespace

Result<OciBlob> ReadDescriptor(const json::value& value, const std::string& what) {
  OciBlob blob;
  blob.media_type = TextAt(value, "/mediaType");
  const std::string digest = TextAt(value, "/digest");
  const json::value& size = At(value, "/size");
  const auto bytes = size.is_int64() ? size.get_int64() : int64_t{-1};
  if (blob.media_type.empty() || bytes < 0) {
    return Fail(Code::kInvalidArgument, what + " has no descriptor with mediaType and size");
  }
  if (!digest.starts_with(oci::kSha256) || !IsHex(std::string_view(digest).substr(7), 32)) {
    return Fail(Code::kInvalidArgument, what + " has the digest '" + digest + "'",
                "digests are sha256: and 64 hexadecimal digits");
  }
  blob.digest = digest.substr(7);
  blob.size = static_cast<uint64_t>(bytes);
  return blob;
}

Result<OciLayout> OciLayout::Open(const std::string& path) {
  OciLayout layout(path);
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) {
    return Fail(Code::kNotFound, "cannot open '" + path + "': " + std::strerror(errno), kOther);
  }
  layout.is_folder_ = S_ISDIR(info.st_mode);
  if (!layout.is_folder_) {
    if (!S_ISREG(info.st_mode)) {
      return Fail(Code::kInvalidArgument, "'" + path + "' is neither a folder nor a file", kOther);
    }
    QUERN_ASSIGN(layout.entries_, ListTar(path, 4 * oci::kMostFiles));
  }
  const auto head = layout.ReadFile(oci::kLayoutFile);
  if (!head && head.error().code == Code::kNotFound) {
    return Fail(Code::kInvalidArgument,
                "'" + path + "' is no OCI image layout: it holds no '" + oci::kLayoutFile + "'",
                kOther);
  }
  if (!head) return std::unexpected(head.error());
  const std::string version = TextAt(*head, "/imageLayoutVersion");
  if (version != oci::kLayoutVersion) {
    return Fail(Code::kInvalidArgument,
                "'" + path + "' is an OCI image layout of version '" + version + "'",
                std::string("version ") + oci::kLayoutVersion + " is read");
  }
  return layout;
}

Result<OciLayout::Part> OciLayout::Find(const std::string& name) const {
  const auto missing = [&] {
    return Fail(Code::kNotFound, "'" + path_ + "' holds no '" + name + "'", kAgain);
  };
  if (!is_folder_) {
    const auto found = entries_.find(name);
    if (found == entries_.end()) return missing();
    return Part{path_, found->second};
  }
  std::string at = path_;
  struct stat info{};
  for (const std::string_view part : Split(name, '/')) {
    at = JoinPath(at, part);
    if (::lstat(at.c_str(), &info) != 0) return missing();
    if (S_ISLNK(info.st_mode)) {
      return Fail(Code::kInvalidArgument, "'" + at + "' is a link",
                  "an OCI layout holds plain files only: copy what the link points to");
    }
  }
  if (!S_ISREG(info.st_mode)) {
    return Fail(Code::kInvalidArgument, "'" + at + "' is no plain file", kOther);
  }
  return Part{at, {0, static_cast<uint64_t>(info.st_size)}};
}

Status OciLayout::Each(const Part& part,
                       const std::function<Status(std::string_view)>& sink) const {
  // An archive may be named by a link; within a folder nothing may.
  const int follow = is_folder_ ? O_NOFOLLOW : 0;
  const UniqueFd file(::open(part.file.c_str(), O_RDONLY | O_CLOEXEC | follow));
  if (!file.valid()) {
    return Fail(Code::kUnavailable, "cannot read '" + part.file + "': " + std::strerror(errno));
  }
  std::string buffer(256u << 10, '\0');
  uint64_t at = part.bytes.offset;
  for (uint64_t left = part.bytes.size; left > 0;) {
    const size_t wanted = static_cast<size_t>(std::min<uint64_t>(left, buffer.size()));
    const ssize_t got = ::pread(file.get(), buffer.data(), wanted, static_cast<off_t>(at));
    if (got <= 0) {
      return Fail(Code::kDataLoss, "'" + part.file + "' ends before its end", kAgain);
    }
    QUERN_TRY(sink({buffer.data(), static_cast<size_t>(got)}));
    at += static_cast<uint64_t>(got);
    left -= static_cast<uint64_t>(got);
  }
  return {};
}

Result<std::string> OciLayout::ReadAll(const Part& part) const {
  std::string bytes;
  QUERN_TRY(Each(part, [&](std::string_view piece) -> Status {
    bytes += piece;
    return {};
  }));
  return bytes;
}

Result<json::value> OciLayout::ReadFile(const std::string& name) const {
  QUERN_ASSIGN(const Part part, Find(name));
  if (part.bytes.size > oci::kMostJson) {
    return Fail(Code::kInvalidArgument,
                fmt::format("'{}' of '{}' has {} bytes: {} at most are read", name, path_,
                            part.bytes.size, oci::kMostJson),
                kOther);
  }
  QUERN_ASSIGN(const std::string text, ReadAll(part));
  return ParseJson(text, {.name = path_ + "/" + name});
}

Result<OciLayout::Part> OciLayout::FindBlob(const OciBlob& blob, const std::string& what) const {
  auto part = Find(oci::kBlobs + blob.digest);
  if (!part) return Within(part.error(), "reading " + what);
  if (part->bytes.size == blob.size) return part;
  return Fail(Code::kDataLoss,
              fmt::format("{} of '{}' has {} bytes instead of {}: the blob sha256:{} is {}", what,
                          path_, part->bytes.size, blob.size, blob.digest,
                          part->bytes.size < blob.size ? "cut short" : "too large"),
              kAgain);
}

Result<json::value> OciLayout::ReadJsonBlob(const OciBlob& blob, const std::string& what) const {
  if (blob.size > oci::kMostJson) {
    return Fail(Code::kInvalidArgument, fmt::format("{} of '{}' has {} bytes: {} at most are read",
                                                    what, path_, blob.size, oci::kMostJson));
  }
  QUERN_ASSIGN(const Part part, FindBlob(blob, what));
  QUERN_ASSIGN(const std::string text, ReadAll(part));
  if (const std::string digest = Sha256(text); digest != blob.digest) {
    return Fail(Code::kDataLoss,
                what + " of '" + path_ + "' has the digest sha256:" + digest +
                    " instead of sha256:" + blob.digest,
                kAgain);
  }
  return ParseJson(text, {.name = what});
}

Status OciLayout::CopyBlob(const OciBlob& blob, const std::string& what,
                           const std::string& to) const {
  QUERN_ASSIGN(const Part part, FindBlob(blob, what));
  std::ofstream out(to, std::ios::binary | std::ios::trunc);
  const auto full = [&] {
    return Fail(Code::kResourceExhausted, "cannot write '" + to + "': " + std::strerror(errno),
                "free some space");
  };
  QUERN_TRY(Each(part, [&](std::string_view piece) -> Status {
    out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
    if (!out) return full();
    return {};
  }));
  out.close();
  if (!out) return full();
  QUERN_ASSIGN(const std::string digest, Sha256File(to));
  if (digest == blob.digest) return {};
  return Fail(Code::kDataLoss,
              what + " of '" + path_ + "' has the digest sha256:" + digest +
                  " instead of sha256:" + blob.digest,
              kAgain);
}

}  // namespace quern::exchange
