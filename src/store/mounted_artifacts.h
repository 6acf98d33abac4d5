#pragma once
// Two artifact stores as one: a second, read-only one shows below a folder of the first.
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "store/artifacts.h"

namespace quern::store {

/// Borrows both. What is below `mount` comes from `read_only`. The mount's topmost folder belongs
/// to it: putting and deleting there is kPermissionDenied.
class MountedArtifacts : public ArtifactStore {
 public:
  /// `mount`: "quern/artifacts", without slashes at its ends.
  MountedArtifacts(ArtifactStore& main, std::string mount, ArtifactStore& read_only)
      : main_(main), mount_(std::move(mount)), read_only_(read_only) {}

  Result<std::unique_ptr<ArtifactWriter>> Put(std::string_view path) override;
  Result<ArtifactFile> Open(std::string_view path) override;
  Result<ArtifactFile> OpenPart(std::string_view path, const ChooseSpan& choose) override;
  Result<std::vector<ArtifactEntry>> List(std::string_view path) override;
  Status Delete(std::string_view path) override;
  Result<bool> Exists(std::string_view path) override;
  /// Of the store that is not read-only.
  Result<UnfinishedUploads> Unfinished(int64_t age_ms, bool remove) override;

 private:
  Status RefuseChange(std::string_view path) const;
  /// The store that holds a clean path, and its path there.
  std::pair<ArtifactStore*, std::string> Holder(const std::string& clean) const;
  ArtifactStore& main_;
  std::string mount_;
  ArtifactStore& read_only_;
};

}  // namespace quern::store
