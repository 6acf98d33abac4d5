#include "store/artifacts.h"

namespace quern::store {

Result<ArtifactFile> ArtifactStore::OpenPart(std::string_view path, const ChooseSpan&) {
  return Open(path);
}

Status ArtifactStore::Walk(std::string_view folder, const OnArtifact& on_file) {
  QUERN_ASSIGN(const auto entries, List(folder));
  for (const ArtifactEntry& entry : entries) {
    std::string path(folder);
    if (!path.empty()) path += '/';
    path += entry.name;
    QUERN_TRY(entry.is_dir ? Walk(path, on_file) : on_file(path, entry.size));
  }
  return {};
}

}  // namespace quern::store
