#pragma once
// Uploads in parts: each part is sent on its own, in any order, and the whole becomes one artifact.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/fs.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/time.h"
#include "store/artifacts.h"

namespace quern::store {

struct UploadedPart {
  /// From 1.
  int number = 0;
  /// As PartWriter::etag() gave it.
  std::string etag;
};

/// One part on its way. Dropped without Commit it leaves nothing.
class PartWriter : public ArtifactWriter {
 public:
  /// Opaque: another for every sending of a part.
  virtual const std::string& etag() const = 0;
};

/// Keeps the parts of unfinished uploads as files until they are joined. Survives restarts.
/// Thread-safe. Errors as ArtifactStore's; an upload that is not there is kNotFound.
class MultipartUploads {
 public:
  static constexpr int kMaxParts = 10000;
  /// When an upload that nothing is added to counts as abandoned: a day.
  static constexpr int64_t kAbandonedAfterMs = 24 * 3600 * 1000;

  /// `folder` is this object's own. All must outlive it.
  MultipartUploads(ArtifactStore& store, std::string folder, Fs& fs, const Clock& clock);

  /// Begins an upload of `parts` parts (1 … kMaxParts); gives its id, 32 hex digits that cannot be
  /// guessed.
  Result<std::string> Create(std::string_view path, int parts);
  /// A part sent again replaces the earlier one.
  Result<std::unique_ptr<PartWriter>> PutPart(std::string_view upload, int number);
  /// Joins `parts`, whose numbers must rise and whose etags must be those of the parts kept, into
  /// the artifact. The upload stays if it fails, so that it can be tried again.
  Status Complete(std::string_view upload, std::string_view path,
                  const std::vector<UploadedPart>& parts);
  /// Forgets an upload.
  Status Abort(std::string_view upload, std::string_view path);
  /// Uploads that nothing has been added to for `age_ms`; with `remove` they are forgotten.
  Result<UnfinishedUploads> Unfinished(int64_t age_ms, bool remove);

 private:
  class Writer;
  struct Upload;
  Result<Upload> Find(std::string_view upload) const;
  Result<Upload> FindFor(std::string_view upload, std::string_view path) const;

  ArtifactStore& store_;
  std::string folder_;
  Fs& fs_;
  const Clock& clock_;
  /// Held while a part takes its place.
  Mutex mutex_;
};

}  // namespace quern::store
