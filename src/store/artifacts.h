#pragma once
// The artifact store as a port: files of any size under paths, in a folder or in an object store.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace quern::store {

struct ArtifactEntry {
  /// The last part of the path alone.
  std::string name;
  bool is_dir = false;
  /// Bytes; 0 for a folder.
  uint64_t size = 0;
};

/// A file opened for reading. It stays what it was, whoever replaces or deletes the path meanwhile.
struct ArtifactFile {
  UniqueFd fd;
  uint64_t size = 0;
  /// Changes whenever the content does; letters, digits and '-'.
  std::string etag;
};

/// Bytes of a file.
struct ArtifactSpan {
  uint64_t first = 0;
  uint64_t length = 0;
};
/// Which bytes are wanted of a file with this size and etag.
using ChooseSpan = std::function<ArtifactSpan(uint64_t size, std::string_view etag)>;

/// One upload. Dropped without Commit it leaves nothing. One thread at a time.
class ArtifactWriter {
 public:
  virtual ~ArtifactWriter() = default;
  /// After an error the upload is lost; Commit gives the same error.
  virtual Status Append(std::string_view bytes) = 0;
  /// Makes it durable and visible at once, in place of what the path held.
  virtual Status Commit() = 0;
};

/// Uploads that were begun and never ended.
struct UnfinishedUploads {
  uint64_t count = 0;
  /// Bytes that they take; 0 where the store does not tell.
  uint64_t bytes = 0;
};

/// Of a file in the store: its path and its bytes.
using OnArtifact = std::function<Status(const std::string& path, uint64_t size)>;

/// Thread-safe. Paths are checked by CleanArtifactPath(); a bad one, one that leads out of the
/// store and one that takes a file for a folder are kInvalidArgument. Others: kNotFound,
/// kResourceExhausted (the store is full), kPermissionDenied, kUnavailable. Messages name the
/// artifact and never where the store lies.
class ArtifactStore {
 public:
  virtual ~ArtifactStore() = default;
  /// Begins an upload; folders are made as needed. Of several to one path the last commit wins.
  virtual Result<std::unique_ptr<ArtifactWriter>> Put(std::string_view path) = 0;
  virtual Result<ArtifactFile> Open(std::string_view path) = 0;
  /// The same file, of which only the bytes that `choose` names will be read, at their places: a
  /// store that is far away brings no more of it.
  virtual Result<ArtifactFile> OpenPart(std::string_view path, const ChooseSpan& choose);
  /// What a folder holds, by name; "" is the root. Nothing if there is no such folder.
  virtual Result<std::vector<ArtifactEntry>> List(std::string_view path) = 0;
  /// A file, or a folder with all that is in it.
  virtual Status Delete(std::string_view path) = 0;
  virtual Result<bool> Exists(std::string_view path) = 0;
  /// Calls `on_file` for every file below a folder, "" for the root; ends with its first error.
  virtual Status Walk(std::string_view folder, const OnArtifact& on_file);
  /// Uploads begun at least `age_ms` ago that nobody will end; with `remove` they are gone
  /// afterwards.
  virtual Result<UnfinishedUploads> Unfinished(int64_t age_ms, bool remove) = 0;
};

}  // namespace quern::store
