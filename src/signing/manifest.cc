#include "signing/manifest.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>

#include "base/digest.h"
#include "base/hex.h"
#include "base/text.h"

namespace quern::signing {
namespace {

namespace files = std::filesystem;

constexpr size_t kChunk = size_t{1} << 18;

using File = std::unique_ptr<std::FILE, decltype(&std::fclose)>;
using Hash = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

std::unexpected<Error> Unreadable(const std::string& path, int error) {
  return Fail(error == ENOENT ? Code::kNotFound : Code::kUnavailable,
              "'" + path + "' cannot be read: " + std::strerror(error));
}

/// The digests of the pieces of `size` bytes that a file has, of the whole if `size` is 0.
class FileReader {
 public:
  FileReader(std::string path, std::string name, uint64_t size)
      : path_(std::move(path)), name_(std::move(name)), size_(size) {}

  Status AddTo(std::vector<Resource>& out) {
    const File file(std::fopen(path_.c_str(), "rb"), std::fclose);
    if (file == nullptr) return Unreadable(path_, errno);
    std::string buffer(kChunk, '\0');
    uint64_t at = 0;
    for (;;) {
      const uint64_t start = at;
      const Hash hash(EVP_MD_CTX_new(), EVP_MD_CTX_free);
      EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr);
      bool ended = false;
      while (!ended && (size_ == 0 || at - start < size_)) {
        const uint64_t left =
            size_ == 0 ? kChunk : std::min<uint64_t>(kChunk, size_ - (at - start));
        const size_t got = std::fread(buffer.data(), 1, left, file.get());
        if (std::ferror(file.get()) != 0) return Unreadable(path_, errno);
        EVP_DigestUpdate(hash.get(), buffer.data(), got);
        at += got;
        ended = got < left;
      }
      if (size_ != 0 && at == start) return {};
      out.push_back(
          {size_ == 0 ? name_ : name_ + ":" + std::to_string(start) + ":" + std::to_string(at),
           Finish(hash.get())});
      if (ended || size_ == 0) return {};
    }
  }

 private:
  static std::string Finish(EVP_MD_CTX* hash) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    EVP_DigestFinal_ex(hash, digest, &length);
    return ToHex(digest, length);
  }
  std::string path_;
  std::string name_;
  uint64_t size_;
};

class Walk {
 public:
  Walk(const std::string& root, const Listing& how) : root_(root), how_(how) {}

  Status Into(const std::string& below, int depth, std::vector<Resource>& out) {
    std::error_code error;
    const files::path folder = below.empty() ? files::path(root_) : files::path(root_) / below;
    files::directory_iterator entries(folder, error);
    if (error) return Unreadable(folder.string(), error.value());
    for (const files::directory_entry& entry : entries) {
      const std::string file = entry.path().filename().string();
      const std::string name = below.empty() ? file : below + "/" + file;
      if (Ignored(name)) continue;
      QUERN_TRY(Add(entry, name, depth, out));
    }
    return {};
  }

 private:
  bool Ignored(const std::string& name) const {
    const auto is = [&](const std::string& one) { return one == name; };
    return std::any_of(std::begin(kNeverSigned), std::end(kNeverSigned), is) ||
           std::any_of(how_.ignored.begin(), how_.ignored.end(), is);
  }

  Status Add(const files::directory_entry& entry, const std::string& name, int depth,
             std::vector<Resource>& out) {
    constexpr int kDeepest = 64;  // a circle of links ends here
    const std::string where = "'" + name + "' in '" + root_ + "'";
    std::error_code error;
    if (FindInvalidUtf8(name)) {
      return Fail(Code::kInvalidArgument, where + " has a name that is not UTF-8",
                  "rename or remove it");
    }
    if (entry.is_symlink(error) && !how_.allow_symlinks) {
      return Fail(Code::kInvalidArgument, where + " is a symbolic link, which is not signed",
                  "put the file itself in its place, or remove it");
    }
    if (entry.is_directory(error)) {
      if (depth == kDeepest) {
        return Fail(Code::kInvalidArgument, where + " is too deep: more than 64 folders");
      }
      return Into(name, depth + 1, out);
    }
    if (!entry.is_regular_file(error)) {
      return Fail(Code::kInvalidArgument, where + " is neither a file nor a folder", "remove it");
    }
    return FileReader(entry.path().string(), name, how_.shard_size).AddTo(out);
  }

  const std::string& root_;
  const Listing& how_;
};

}  // namespace

Result<std::vector<Resource>> ListFolder(const std::string& folder, const Listing& how) {
  std::vector<Resource> out;
  QUERN_TRY(Walk(folder, how).Into("", 0, out));
  if (out.empty()) {
    return Fail(Code::kInvalidArgument, "there is no file in '" + folder + "' to sign or verify");
  }
  std::sort(out.begin(), out.end(),
            [](const Resource& a, const Resource& b) { return a.name < b.name; });
  return out;
}

std::string RootDigest(const std::vector<Resource>& resources) {
  std::string bytes;
  for (const Resource& resource : resources) {
    std::array<uint8_t, 32> digest{};
    if (!ReadHex(resource.digest, digest.data(), digest.size())) return {};
    bytes.append(digest.begin(), digest.end());
  }
  return Sha256(bytes);
}

std::vector<std::string> Differences(const std::vector<Resource>& wanted,
                                     const std::vector<Resource>& found) {
  std::map<std::string, std::string> have;
  for (const Resource& resource : found) have[resource.name] = resource.digest;
  std::vector<std::string> out;
  for (const Resource& resource : wanted) {
    const auto one = have.find(resource.name);
    if (one == have.end()) {
      out.push_back(resource.name + " is missing");
      continue;
    }
    if (one->second != resource.digest) out.push_back(resource.name + " is altered");
    have.erase(one);
  }
  for (const auto& [name, digest] : have) out.push_back(name + " was not signed");
  return out;
}

}  // namespace quern::signing
