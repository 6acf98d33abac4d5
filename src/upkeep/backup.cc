#include "upkeep/backup.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "base/digest.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/text.h"
#include "store/open.h"
#include "upkeep/absolute.h"
#include "upkeep/copier.h"
#include "upkeep/lock.h"

namespace quern::upkeep {
namespace {

/// Where an artifact store is: an object store's URI is no path.
std::string PlaceOf(const std::string& destination) {
  return destination.find("://") == std::string::npos ? AbsolutePath(destination) : destination;
}

bool IsOrBelow(const std::string& path, const std::string& folder) {
  return path == folder || StartsWith(path, folder + "/");
}

/// What of a state folder is not part of a copy: what belongs to running programs, what can be made
/// again, and the database, which is copied in its own way.
bool LeftOut(const std::string& file) {
  constexpr std::array<std::string_view, 7> kNames{"lock",       "upkeep.lock",  "serving.lock",
                                                   "quern.db",   "quern.db-wal", "quern.db-shm",
                                                   "served.json"};
  constexpr std::array<std::string_view, 4> kFolders{"tmp/", "uploads/", "cache/", "servers/"};
  return std::find(kNames.begin(), kNames.end(), file) != kNames.end() ||
         StartsWith(file, "quern.db.bak-") ||
         std::any_of(kFolders.begin(), kFolders.end(),
                     [&](std::string_view folder) { return StartsWith(file, folder); }) ||
         file.find(".quern-tmp/") != std::string::npos;
}

class Backup {
 public:
  Backup(const BackupSource& source, std::string folder, Fs& fs, const CancelToken& cancel,
         Progress& progress)
      : source_(source),
        folder_(std::move(folder)),
        state_(AbsolutePath(source.state_dir)),
        fs_(fs),
        cancel_(cancel),
        progress_(progress),
        copier_(folder_, fs, cancel, progress) {}

  Result<BackupManifest> Make(int64_t now_ms) {
    BackupManifest manifest;
    manifest.program = QUERN_VERSION;
    manifest.created_ms = now_ms;
    manifest.state_dir = state_;
    manifest.artifacts_destination = source_.artifacts_destination;
    manifest.artifacts = source_.with_artifacts;
    QUERN_ASSIGN(manifest.database, Databases());
    QUERN_TRY(State());
    if (source_.with_artifacts) QUERN_TRY(Artifacts());
    QUERN_TRY(copier_.Finish());
    QUERN_ASSIGN(const auto sums, Sums(&manifest));
    QUERN_TRY(fs_.WriteAtomic(JoinPath(folder_, kSumsFile), sums));
    manifest.sums = Sha256(sums);
    QUERN_TRY(fs_.WriteAtomic(JoinPath(folder_, kManifestFile), manifest.ToJson()));
    return manifest;
  }

 private:
  std::string Part(const char* name) const { return JoinPath(folder_, name); }

  Result<store::DatabaseCopy> Databases() {
    QUERN_TRY(fs_.MakeDirs(Part(kDatabasePart)));
    QUERN_ASSIGN(const auto copy, store::BackUpDatabase(source_.database, Part(kDatabasePart), fs_,
                                                        cancel_, progress_));
    // A server on another database leaves a project's own results where they are.
    const std::string own = JoinPath(state_, "quern.db");
    const bool other = store::IsPostgresUri(source_.database) ||
                       AbsolutePath(*store::SqlitePath(source_.database)) != own;
    if (other && fs_.Exists(own)) {
      QUERN_TRY(fs_.MakeDirs(Part(kStatePart)));
      QUERN_TRY(store::BackUpDatabase(own, Part(kStatePart), fs_, cancel_, progress_));
    }
    return copy;
  }

  Status State() {
    QUERN_ASSIGN(auto files, FilesBelow(state_, fs_));
    const std::string artifacts = PlaceOf(source_.artifacts_destination);
    const std::string database = store::IsPostgresUri(source_.database)
                                     ? ""
                                     : AbsolutePath(*store::SqlitePath(source_.database));
    std::erase_if(files, [&](const std::string& file) {
      const std::string path = JoinPath(state_, file);
      return LeftOut(file) || IsOrBelow(path, artifacts) ||
             (!database.empty() && StartsWith(path, database));
    });
    copier_.Expect(files.size());
    for (const std::string& file : files) {
      QUERN_TRY(Kept(copier_.File(JoinPath(state_, file), JoinPath(kStatePart, file)), file));
    }
    return {};
  }

  Status Artifacts() {
    std::vector<std::string> paths;
    QUERN_TRY(source_.artifacts->Walk("", [&](const std::string& path, uint64_t) -> Status {
      paths.push_back(path);
      return cancel_.Check();
    }));
    copier_.Expect(copier_.files() + paths.size());
    for (const std::string& path : paths) {
      QUERN_TRY(
          Kept(copier_.Artifact(*source_.artifacts, path, JoinPath(kArtifactsPart, path)), path));
    }
    return {};
  }

  /// A file that somebody deleted after the database was copied is no error.
  static Status Kept(Status status, const std::string& file) {
    if (status || status.error().code != Code::kNotFound) return status;
    Log(LogLevel::kWarning, "backup: '" + file + "' was deleted meanwhile");
    return {};
  }

  /// Of the files as they lie in the copy: what was written wrongly shows when it is read again.
  Result<std::string> Sums(BackupManifest* manifest) {
    std::vector<FileSum> sums;
    QUERN_ASSIGN(const auto files, FilesBelow(folder_, fs_));
    for (const std::string& file : files) {
      QUERN_TRY(cancel_.Check());
      const std::string path = JoinPath(folder_, file);
      QUERN_ASSIGN(const FileInfo info, fs_.Stat(path));
      QUERN_ASSIGN(std::string digest, Sha256File(path));
      manifest->bytes += info.size;
      sums.push_back({file, std::move(digest)});
      progress_.Update(sums.size(), files.size(), "digests");
    }
    manifest->files = sums.size();
    return WriteSums(sums);
  }

  const BackupSource& source_;
  std::string folder_;
  std::string state_;
  Fs& fs_;
  const CancelToken& cancel_;
  Progress& progress_;
  Copier copier_;
};

Status CheckPlace(const BackupSource& source, const std::string& to, Fs& fs) {
  if (IsOrBelow(to, AbsolutePath(source.state_dir)) ||
      IsOrBelow(to, PlaceOf(source.artifacts_destination))) {
    return Fail(Code::kInvalidArgument, "'" + to + "' lies inside of the store that is copied",
                "name a folder elsewhere, best on another disk");
  }
  const auto names = fs.List(to);
  if (names && names->empty()) return {};
  if (!names && names.error().code == Code::kNotFound) return {};
  return Fail(Code::kAlreadyExists, "'" + to + "' is there already",
              "name a new folder: each backup has its own");
}

}  // namespace

Result<BackupManifest> BackUp(const BackupSource& source, const std::string& to, Fs& fs,
                              const Clock& clock, const CancelToken& cancel, Progress& progress) {
  const std::string place = AbsolutePath(to);
  QUERN_TRY(CheckPlace(source, place, fs));
  QUERN_ASSIGN(const auto lock,
               StoreLock::ForUpkeep(source.state_dir, StoreLock::Mode::kShared, "the backup"));
  const std::string aside = place + ".partial-" + NewHexId().substr(0, 8);
  QUERN_TRY(fs.MakeDirs(aside));
  // It holds the secrets of webhooks and all that was logged.
  ::chmod(aside.c_str(), 0700);
  auto manifest = Backup(source, aside, fs, cancel, progress).Make(clock.NowMs());
  if (manifest) {
    // rename(2) puts a folder in place of an empty one.
    const Status moved = fs.MoveInto(aside, place);
    if (moved) return manifest;
    manifest = std::unexpected(moved.error());
  }
  if (const Status removed = fs.RemoveAll(aside); !removed) {
    Log(LogLevel::kWarning, "backup: " + removed.error().ToString());
  }
  return manifest;
}

}  // namespace quern::upkeep
