#pragma once
// A backup put back, or only looked at.
#include <string>

#include "base/cancel.h"
#include "base/fs.h"
#include "base/progress.h"
#include "base/result.h"
#include "base/time.h"
#include "store/artifacts.h"
#include "upkeep/manifest.h"

namespace quern::upkeep {

/// A backup whose files are all there, with the digests that they were copied with.
struct CheckedBackup {
  std::string folder;
  BackupManifest manifest;
  std::vector<FileSum> files;
};

/// Reads every file. kDataLoss naming what is missing or changed, kNotFound for a folder that is no
/// (whole) backup.
Result<CheckedBackup> CheckBackup(const std::string& folder, Fs& fs, const CancelToken& cancel,
                                  Progress& progress = NoProgress());

struct RestoreTarget {
  /// Made by the restore.
  std::string state_dir;
  /// As store::OpenDatabase takes it; "" for quern.db in the state folder.
  std::string database;
  /// Where artifacts go: a folder, absolute, or a URI, and the store that it is; null for
  /// mlflow-artifacts in the state folder.
  std::string artifacts_destination;
  store::ArtifactStore* artifacts = nullptr;
  /// Put it in place of what is there. A state folder that is replaced is kept beside its place.
  bool replace = false;
};

struct Restored {
  /// Where the replaced state folder is now; "" if there was none.
  std::string replaced;
};

/// Places that the database names in the old state folder or artifact store are those of the new.
/// Errors: kFailedPrecondition for a state folder, artifact store or database that is not empty
/// without `replace`, and kAborted for one that a server or run uses; those of database, store and
/// disk. A state folder is whole or as it was, and so is a PostgreSQL database; an artifact store
/// elsewhere may hold a part of the artifacts.
Result<Restored> Restore(const CheckedBackup& backup, const RestoreTarget& target, Fs& fs,
                         const Clock& clock, const CancelToken& cancel,
                         Progress& progress = NoProgress());

}  // namespace quern::upkeep
