#include "upkeep/restore.h"

#include <fcntl.h>

#include "base/digest.h"
#include "base/fd.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/text.h"
#include "registry/moved_storage.h"
#include "store/open.h"
#include "tracking/moved_places.h"
#include "upkeep/copier.h"
#include "upkeep/lock.h"

namespace quern::upkeep {
namespace {

constexpr char kOwnArtifacts[] = "mlflow-artifacts";

/// The part of a backup's path that follows `part` and a slash; "" if it lies elsewhere.
std::string Below(const std::string& path, const std::string& part) {
  return StartsWith(path, part + "/") ? path.substr(part.size() + 1) : "";
}

/// Where `place` was within `from`, it is within `to` now.
Status MoveAll(store::Database& database, const std::string& from, const std::string& to) {
  if (from.empty() || from == to) return {};
  QUERN_TRY(tracking::MoveArtifactPlaces(database, from, to));
  QUERN_TRY(registry::MoveStorage(database, from, to));
  if (!StartsWith(from, "/") || !StartsWith(to, "/")) return {};
  QUERN_TRY(tracking::MoveArtifactPlaces(database, "file://" + from, "file://" + to));
  return registry::MoveStorage(database, "file://" + from, "file://" + to);
}

class Restoration {
 public:
  Restoration(const CheckedBackup& backup, const RestoreTarget& target, std::string aside, Fs& fs,
              const CancelToken& cancel, Progress& progress)
      : backup_(backup),
        target_(target),
        aside_(std::move(aside)),
        fs_(fs),
        cancel_(cancel),
        progress_(progress),
        copier_(aside_, fs, cancel, progress) {}

  Status Make() {
    copier_.Expect(backup_.files.size());
    for (const FileSum& file : backup_.files) {
      const std::string from = JoinPath(backup_.folder, file.path);
      if (const std::string state = Below(file.path, kStatePart); !state.empty()) {
        QUERN_TRY(copier_.File(from, state));
      } else if (const std::string path = Below(file.path, kArtifactsPart); !path.empty()) {
        QUERN_TRY(target_.artifacts == nullptr ? copier_.File(from, JoinPath(kOwnArtifacts, path))
                                               : Upload(from, path));
      }
    }
    QUERN_TRY(copier_.Finish());
    const bool own = target_.database.empty();
    const std::string name = own ? JoinPath(aside_, "quern.db") : target_.database;
    QUERN_TRY(store::RestoreDatabase(backup_.manifest.database,
                                     JoinPath(backup_.folder, kDatabasePart), name, target_.replace,
                                     fs_, cancel_, progress_));
    QUERN_ASSIGN(const auto database, store::OpenDatabase(name, fs_));
    // The destination first: it may lie within the state folder.
    const std::string destination = target_.artifacts == nullptr
                                        ? JoinPath(target_.state_dir, kOwnArtifacts)
                                        : target_.artifacts_destination;
    if (backup_.manifest.artifacts) {
      QUERN_TRY(MoveAll(*database, backup_.manifest.artifacts_destination, destination));
    }
    return MoveAll(*database, backup_.manifest.state_dir, target_.state_dir);
  }

 private:
  Status Upload(const std::string& from, const std::string& path) {
    const UniqueFd fd(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return Fail(Code::kNotFound, "cannot read '" + from + "'");
    QUERN_ASSIGN(const auto writer, target_.artifacts->Put(path));
    QUERN_TRY(ReadPieces(fd.get(), from, cancel_,
                         [&](std::string_view piece) { return writer->Append(piece); }));
    return writer->Commit();
  }

  const CheckedBackup& backup_;
  const RestoreTarget& target_;
  std::string aside_;
  Fs& fs_;
  const CancelToken& cancel_;
  Progress& progress_;
  Copier copier_;
};

/// A state folder that only holds locks is empty.
bool IsEmpty(const std::string& folder, Fs& fs) {
  const auto names = fs.List(folder);
  if (!names) return true;
  for (const std::string& name : *names) {
    if (name != "upkeep.lock" && name != "serving.lock" && name != "lock") return false;
  }
  return true;
}

Status CheckTarget(const RestoreTarget& target, Fs& fs) {
  if (target.replace) return {};
  if (!IsEmpty(target.state_dir, fs)) {
    return Fail(Code::kFailedPrecondition, "'" + target.state_dir + "' is not empty",
                "name another folder, or say --replace; what is there is then kept beside it");
  }
  if (target.artifacts == nullptr) return {};
  QUERN_ASSIGN(const auto entries, target.artifacts->List(""));
  if (entries.empty()) return {};
  return Fail(Code::kFailedPrecondition,
              "the artifact store '" + target.artifacts_destination + "' is not empty: it holds '" +
                  entries.front().name + "'",
              "name another one, or say --replace; files of the same names are then replaced");
}

/// Puts the new folder in its place; gives where the old one is.
Result<std::string> Swap(const std::string& aside, const std::string& place, Fs& fs,
                         const Clock& clock) {
  std::string replaced;
  if (IsEmpty(place, fs)) {
    QUERN_TRY(fs.RemoveAll(place));
  } else {
    replaced = place + ".replaced-" + std::to_string(clock.NowMs());
    QUERN_TRY(fs.MoveInto(place, replaced));
  }
  QUERN_TRY(fs.MoveInto(aside, place));
  return replaced;
}

}  // namespace

Result<CheckedBackup> CheckBackup(const std::string& folder, Fs& fs, const CancelToken& cancel,
                                  Progress& progress) {
  const std::string path = JoinPath(folder, kManifestFile);
  const auto text = fs.Read(path);
  if (!text) {
    return Fail(Code::kNotFound, "'" + folder + "' is not a backup: there is no '" + path + "'",
                "name the folder that `quern backup` made");
  }
  CheckedBackup checked{folder, {}, {}};
  QUERN_ASSIGN(checked.manifest, BackupManifest::FromJson(*text, path));
  const std::string sums_path = JoinPath(folder, kSumsFile);
  const auto sums = fs.Read(sums_path);
  if (!sums || Sha256(*sums) != checked.manifest.sums) {
    return Fail(Code::kDataLoss, "'" + sums_path + "' is " + (sums ? "changed" : "missing"),
                "use another backup");
  }
  QUERN_ASSIGN(checked.files, ReadSums(*sums, sums_path));
  std::vector<std::string> wrong;
  size_t done = 0;
  for (const FileSum& file : checked.files) {
    QUERN_TRY(cancel.Check());
    const auto digest = Sha256File(JoinPath(folder, file.path));
    if (!digest || *digest != file.sha256) {
      wrong.push_back("'" + file.path + "' is " + (digest ? "changed" : "missing"));
    }
    progress.Update(++done, checked.files.size(), "digests");
  }
  if (wrong.empty()) return checked;
  constexpr size_t kShown = 20;
  const size_t count = wrong.size();
  if (count > kShown) {
    wrong.resize(kShown);
    wrong.push_back(std::to_string(count - kShown) + " more");
  }
  return Fail(Code::kDataLoss, "the backup '" + folder + "' is damaged: " + Join(wrong, ", "),
              "use another backup");
}

Result<Restored> Restore(const CheckedBackup& backup, const RestoreTarget& target, Fs& fs,
                         const Clock& clock, const CancelToken& cancel, Progress& progress) {
  QUERN_TRY(CheckTarget(target, fs));
  QUERN_TRY(fs.MakeDirs(target.state_dir));
  QUERN_ASSIGN(const auto lock,
               StoreLock::ForUpkeep(target.state_dir, StoreLock::Mode::kAlone, "the restore"));
  QUERN_ASSIGN(const auto serving,
               StoreLock::ForServing(target.state_dir, StoreLock::Mode::kAlone));
  const std::string aside = target.state_dir + ".restoring-" + NewHexId().substr(0, 8);
  QUERN_TRY(fs.MakeDirs(aside));
  Status made = Restoration(backup, target, aside, fs, cancel, progress).Make();
  if (made) {
    auto replaced = Swap(aside, target.state_dir, fs, clock);
    if (replaced) return Restored{std::move(*replaced)};
    made = std::unexpected(std::move(replaced).error());
  }
  if (const Status removed = fs.RemoveAll(aside); !removed) {
    Log(LogLevel::kWarning, "restore: " + removed.error().ToString());
  }
  return std::unexpected(std::move(made).error());
}

}  // namespace quern::upkeep
