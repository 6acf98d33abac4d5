#pragma once
// What a backup says of itself: backup.json and SHA256SUMS in its folder.
#include <cstdint>
#include <string>
#include <vector>

#include "base/fs.h"
#include "base/result.h"
#include "store/database_backup.h"

namespace quern::upkeep {

inline constexpr char kManifestFile[] = "backup.json";
inline constexpr char kSumsFile[] = "SHA256SUMS";
/// Folders of a backup: the database, the artifacts behind the artifact calls, and the rest of the
/// state folder.
inline constexpr char kDatabasePart[] = "database";
inline constexpr char kArtifactsPart[] = "artifacts";
inline constexpr char kStatePart[] = "state";

/// docs/format/backup.md.
struct BackupManifest {
  static constexpr int64_t kFormat = 1;
  std::string program;  // the version of Quern that made it
  int64_t created_ms = 0;
  store::DatabaseCopy database;
  /// Where the store was: absolute folders, or a URI.
  std::string state_dir;
  std::string artifacts_destination;
  /// False if artifacts were left out.
  bool artifacts = true;
  uint64_t files = 0;
  uint64_t bytes = 0;
  /// The digest of SHA256SUMS.
  std::string sums;

  std::string ToJson() const;
  /// kDataLoss for anything else, kFailedPrecondition for a format that is newer than this.
  static Result<BackupManifest> FromJson(const std::string& text, const std::string& name);
};

struct FileSum {
  std::string path;  // below the backup's folder
  std::string sha256;
};

/// As `sha256sum` writes and checks it: backslashes and line feeds of names are escaped.
std::string WriteSums(const std::vector<FileSum>& sums);
Result<std::vector<FileSum>> ReadSums(const std::string& text, const std::string& name);

}  // namespace quern::upkeep
