#pragma once
// A whole copy of a store, made while servers and runs use it.
#include <string>

#include "base/cancel.h"
#include "base/fs.h"
#include "base/progress.h"
#include "base/result.h"
#include "base/time.h"
#include "store/artifacts.h"
#include "upkeep/manifest.h"

namespace quern::upkeep {

struct BackupSource {
  std::string state_dir;
  /// As store::OpenDatabase takes it.
  std::string database;
  /// Behind the artifact calls: a folder, absolute, or a URI, and the store that it is.
  std::string artifacts_destination;
  store::ArtifactStore* artifacts = nullptr;
  /// False: the artifacts behind the artifact calls are left out, as they are kept safe otherwise.
  bool with_artifacts = true;
};

/// Makes the folder `to`, which must not exist, or be empty: first the database as it is at one
/// moment, then the files, so that every file that the database names is in the copy. It grows
/// beside its place and takes it at the end: a folder of that name is a whole backup. Files that
/// are deleted meanwhile are left out. Holds the store's lock of upkeep.
///
/// Errors: kAlreadyExists for a `to` that holds something, kInvalidArgument for one inside of the
/// store, kAborted while a purge is under way, kCancelled, and those of database, store and disk;
/// after any of them nothing is left.
Result<BackupManifest> BackUp(const BackupSource& source, const std::string& to, Fs& fs,
                              const Clock& clock, const CancelToken& cancel,
                              Progress& progress = NoProgress());

}  // namespace quern::upkeep
