#include "exchange/local_artifacts.h"

#include <array>
#include <filesystem>
#include <fstream>

#include "base/fs.h"
#include "net/strict.h"
#include "registry/source.h"

namespace quern::exchange {
namespace {

namespace files = std::filesystem;

std::string Normal(const std::string& path) {
  std::string normal = files::path(path).lexically_normal().string();
  while (normal.size() > 1 && normal.ends_with('/')) normal.pop_back();
  return normal;
}

bool IsFolder(const std::string& path) {
  std::error_code error;
  return files::is_directory(path, error);
}

bool Inside(const files::path& path, const files::path& root) {
  const files::path below = path.lexically_relative(root);
  return !below.empty() && *below.begin() != "..";
}

class Tree : public ArtifactTree {
 public:
  explicit Tree(std::string folder) : folder_(std::move(folder)) {}

  Status EachFile(
      const std::function<Status(const std::string& path, uint64_t size)>& visit) override {
    std::error_code error;
    if (!files::exists(folder_, error)) return {};
    const files::path root = files::canonical(folder_, error);
    // Links to folders are not followed, so that no circle is walked.
    files::recursive_directory_iterator at(root, error), end;
    for (; !error && at != end; at.increment(error)) {
      if (at->is_directory(error) && !at->is_symlink(error)) continue;
      const std::string path = at->path().lexically_relative(root).string();
      const files::path real = files::canonical(at->path(), error);
      if (error || !Inside(real, root) || !files::is_regular_file(real, error)) {
        error.clear();
        left_out_.push_back(path);
        continue;
      }
      const uint64_t size = files::file_size(real, error);
      if (error) break;
      QUERN_TRY(visit(path, size));
    }
    if (!error) return {};
    return Fail(Code::kUnavailable, "cannot read '" + folder_ + "': " + error.message());
  }

  Status Read(const std::string& path,
              const std::function<Status(std::string_view bytes)>& sink) override {
    const std::string full = JoinPath(folder_, path);
    std::ifstream in(full, std::ios::binary);
    std::array<char, 256 * 1024> buffer;
    while (in) {
      in.read(buffer.data(), buffer.size());
      const auto count = static_cast<size_t>(in.gcount());
      if (count > 0) QUERN_TRY(sink({buffer.data(), count}));
    }
    if (in.eof()) return {};
    return Fail(Code::kUnavailable, "cannot read '" + full + "'");
  }

 private:
  std::string folder_;
};

}  // namespace

std::optional<std::string> LocalPath(const std::string& uri, const std::string& base) {
  const registry::SourceUri parsed = registry::ParseSource(uri);
  if (!parsed.local()) return std::nullopt;
  if (parsed.scheme.empty()) return Normal(JoinPath(base, uri));
  if (!parsed.authority.empty() && parsed.authority != "localhost") return std::nullopt;
  const auto path = net::DecodeUrl(parsed.path);
  if (!path || path->empty()) return std::nullopt;
  return Normal(JoinPath(base, *path));
}

Result<std::string> LocalPlaces::FolderOf(const ArtifactOwner& owner,
                                          const std::string& own) const {
  const registry::SourceUri parsed = registry::ParseSource(owner.uri);
  std::optional<std::string> folder = LocalPath(owner.uri, base);
  const bool behind_server = parsed.proxied();
  if (behind_server) {
    const auto path = net::DecodeUrl(parsed.path);
    if (path) folder = Normal(proxied + "/" + *path);
    if (folder && !Inside(*folder, proxied)) folder.reset();
  } else if (!folder) {
    return Fail(Code::kUnimplemented,
                "artifacts in '" + parsed.scheme + "://" + parsed.authority + "'");
  }
  const bool usual = folder && folder->ends_with("/" + owner.id + "/artifacts");
  if (usual && IsFolder(*folder)) return *folder;
  // Written down is a place like its own, and neither is there: moved, and nothing was logged.
  const std::string tail = "/" + std::to_string(owner.experiment_id) +
                           (owner.kind == ArtifactOwner::Kind::kLoggedModel ? "/models/" : "/") +
                           owner.id + "/artifacts";
  if (!own.empty() && (IsFolder(own) || (usual && folder->ends_with(tail)))) return own;
  if (!usual) {
    return Fail(Code::kNotFound, "'" + owner.uri + "' is no place that MLflow gives to artifacts");
  }
  // Nothing was logged to this one if the folder of its experiment, or that of all, is there.
  const std::string root = DirName(DirName(*folder));
  if (IsFolder(root) || IsFolder(DirName(root))) return *folder;
  if (behind_server && !IsFolder(proxied)) {
    return Fail(Code::kNotFound, "the server kept artifacts in a folder of its own, and '" +
                                     proxied + "' does not exist: name it as --source-artifacts");
  }
  return Fail(Code::kNotFound, "the folder '" + root + "' does not exist");
}

std::unique_ptr<ArtifactTree> FolderTree(std::string folder) {
  return std::make_unique<Tree>(std::move(folder));
}

}  // namespace quern::exchange
