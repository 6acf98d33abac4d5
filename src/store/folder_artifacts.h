#pragma once
// The artifact store as a folder of plain files.
#include <memory>
#include <string>

#include "base/fs.h"
#include "store/artifacts.h"

namespace quern::store {

/// The artifact "a/b" is the file ROOT/a/b and nothing else: what others put into the folder is
/// served, what is uploaded is found there. Symbolic links are followed as long as they stay below
/// the root. Uploads grow in ROOT/.quern-tmp, which no path reaches.
class FolderArtifacts : public ArtifactStore {
 public:
  /// Makes the folder if absent, and removes the unfinished uploads of programs that are gone. `fs`
  /// must outlive the store.
  static Result<std::unique_ptr<FolderArtifacts>> Open(const std::string& root, Fs& fs);

  Result<std::unique_ptr<ArtifactWriter>> Put(std::string_view path) override;
  Result<ArtifactFile> Open(std::string_view path) override;
  Result<std::vector<ArtifactEntry>> List(std::string_view path) override;
  Status Delete(std::string_view path) override;
  Result<bool> Exists(std::string_view path) override;
  /// Whatever their age: an upload whose program is gone is known by its file, which nobody holds.
  Result<UnfinishedUploads> Unfinished(int64_t age_ms, bool remove) override;

  /// The root without symbolic links.
  const std::string& root() const { return root_; }
  /// A folder in the same file system that no path reaches.
  const std::string& scratch() const { return scratch_; }

 private:
  class Writer;
  FolderArtifacts(std::string root, Fs& fs);
  bool Inside(std::string_view real) const;
  /// Where an existing artifact really lies.
  Result<std::string> Find(std::string_view path) const;
  /// Where an artifact would be written.
  Result<std::string> Place(std::string_view path) const;

  std::string root_;
  std::string scratch_;
  Fs& fs_;
};

}  // namespace quern::store
