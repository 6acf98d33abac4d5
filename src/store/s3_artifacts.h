#pragma once
// The artifact store in a bucket of an S3-compatible object store.
#include <memory>
#include <string>

#include "store/artifacts.h"
#include "store/s3_client.h"

namespace quern::store {

/// The artifact "a/b" is the object PREFIX/a/b. An upload larger than one part goes out in parts
/// while it arrives, so that memory holds one part of each. A file that is opened is first brought
/// into an unlinked temporary file. Where a path is a file and a folder at once, which a bucket
/// allows, the file is opened and both are deleted. kUnavailable while the store cannot be reached.
class S3Artifacts : public ArtifactStore {
 public:
  /// `scratch` is an existing folder for temporary files. `clock` must outlive the store.
  S3Artifacts(S3Options options, std::string scratch, const Clock& clock);

  Result<std::unique_ptr<ArtifactWriter>> Put(std::string_view path) override;
  Result<ArtifactFile> Open(std::string_view path) override;
  Result<ArtifactFile> OpenPart(std::string_view path, const ChooseSpan& choose) override;
  Result<std::vector<ArtifactEntry>> List(std::string_view path) override;
  Status Delete(std::string_view path) override;
  Result<bool> Exists(std::string_view path) override;
  /// By keys, a page of the store's at a time, whatever folders there are.
  Status Walk(std::string_view folder, const OnArtifact& on_file) override;
  /// The store does not tell their bytes.
  Result<UnfinishedUploads> Unfinished(int64_t age_ms, bool remove) override;

 private:
  class Writer;
  Result<std::string> KeyOf(std::string_view path) const;
  Result<bool> IsFolder(const std::string& key);

  /// What stands before the keys of a folder's files; "" for a bucket without a prefix.
  Result<std::string> FolderKey(std::string_view folder) const;

  S3Client client_;
  std::string scratch_;
  const Clock& clock_;
};

}  // namespace quern::store
