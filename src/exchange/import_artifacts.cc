// The files of an import.
#include "exchange/importer.h"
#include "exchange/names.h"

namespace quern::exchange {

namespace {

constexpr char kProxiedRoot[] = "mlflow-artifacts:/";

}  // namespace

Result<Importer::Files> Importer::CopyArtifacts(const ArtifactOwner& owner,
                                                const std::string& path) {
  Files files{owner.uri, false};
  if (!options_.artifacts) return files;
  auto tree = source_.Artifacts(owner);
  if (!tree && tree.error().code == Code::kUnimplemented) {
    ++staying_[{experiment_, tree.error().message}];
    return files;
  }
  if (!tree && tree.error().code == Code::kNotFound) {
    ++unreached_[{experiment_, tree.error().message}];
    return files;
  }
  if (!tree) return std::unexpected(tree.error());
  QUERN_TRY(CopyTree(**tree, path));
  for (const std::string& left : (*tree)->left_out()) {
    report_.unreached.push_back(owner.id + ": '" + left + "' leads out of its folder");
  }
  files.uri = kProxiedRoot + path;
  files.here = true;
  moved_[owner.uri] = files.uri;
  return files;
}

Status Importer::CopyTree(ArtifactTree& tree, const std::string& below) {
  Status copied = tree.EachFile([&](const std::string& path, uint64_t size) {
    return CopyFile(tree, path, below + "/" + path, size);
  });
  if (copied || copied.error().code != Code::kNotFound) return copied;
  // What a server lists and does not give.
  report_.unreached.push_back(below + ": " + copied.error().message);
  return {};
}

Status Importer::CopyFile(ArtifactTree& tree, const std::string& path, const std::string& to,
                          uint64_t size) {
  QUERN_TRY(Step(to));
  if (target_.artifacts != nullptr) {
    const auto known = target_.artifacts->Open(to);
    if (known && known->size == size) {
      ++report_.files.there;
      return {};
    }
    if (!known && known.error().code == Code::kInvalidArgument) {
      report_.Damaged(Within(known.error(), "copying the artifact '" + to + "'").error());
      return {};
    }
  }
  if (!options_.dry_run) {
    QUERN_ASSIGN(auto writer, target_.artifacts->Put(to));
    uint64_t written = 0;
    Status read = tree.Read(path, [&](std::string_view bytes) -> Status {
      QUERN_TRY(cancel_.Check());
      written += bytes.size();
      return writer->Append(bytes);
    });
    if (!read && read.error().code == Code::kNotFound) {
      report_.unreached.push_back(to + ": " + read.error().message);
      return {};
    }
    QUERN_TRY(read);
    QUERN_TRY(writer->Commit());
    size = written;
  }
  ++report_.files.added;
  report_.bytes += size;
  return {};
}

bool Importer::MoveStorage(registry::ModelVersion& version) const {
  const auto moved = MovedUri(moved_, version.storage);
  if (moved) version.storage = *moved;
  return moved.has_value();
}

}  // namespace quern::exchange
