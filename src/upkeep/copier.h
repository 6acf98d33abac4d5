#pragma once
// Inside of upkeep/ only: many files into a folder, each once, whole.
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/fs.h"
#include "base/progress.h"
#include "base/result.h"
#include "store/artifacts.h"

namespace quern::upkeep {

/// One thread. What was copied is durable after Finish alone, so that a hundred thousand small
/// files do not wait for the disk one by one.
class Copier {
 public:
  /// `to` exists.
  Copier(std::string to, Fs& fs, const CancelToken& cancel, Progress& progress)
      : to_(std::move(to)), fs_(fs), cancel_(cancel), progress_(progress) {}

  /// A file with its rights, to a path below the folder. kNotFound if it is not there.
  Status File(const std::string& from, const std::string& path);
  /// One artifact.
  Status Artifact(store::ArtifactStore& store, const std::string& from, const std::string& path);
  /// Makes everything durable.
  Status Finish();

  void Expect(size_t files) { expected_ = files; }
  uint64_t files() const { return files_; }
  uint64_t bytes() const { return bytes_; }

 private:
  Status Stream(int fd, const std::string& from, const std::string& path);
  std::string to_;
  Fs& fs_;
  const CancelToken& cancel_;
  Progress& progress_;
  uint64_t files_ = 0;
  uint64_t bytes_ = 0;
  size_t expected_ = 0;
};

/// Hands an open file's bytes to `take`, piece by piece, until its end.
Status ReadPieces(int fd, const std::string& name, const CancelToken& cancel,
                  const std::function<Status(std::string_view)>& take);

/// All files below a folder, as paths below it, sorted; links to folders are followed.
Result<std::vector<std::string>> FilesBelow(const std::string& folder, Fs& fs);

}  // namespace quern::upkeep
