#pragma once
// What takes how much room, and what of it nobody needs.
#include <cstdint>
#include <string>
#include <vector>

#include "base/fs.h"
#include "base/result.h"
#include "registry/registry.h"
#include "store/artifacts.h"
#include "store/database.h"
#include "tracking/trash.h"

namespace quern::upkeep {

/// Folders of runs and logged models whose rows are gone: "1/0af3…", "1/models/m-7c2d…".
struct Orphan {
  std::string path;
  uint64_t files = 0;
  uint64_t bytes = 0;
};

struct ArtifactSurvey {
  uint64_t files = 0;
  uint64_t bytes = 0;
  std::vector<Orphan> orphans;
};

/// Looks at every file of the store behind the artifact calls. Only folders that are named as this
/// program names those of runs and logged models can be orphans: what people put there themselves
/// is theirs. One that a live model version points into is none.
Result<ArtifactSurvey> SurveyArtifacts(store::ArtifactStore& artifacts, tracking::Trash& trash,
                                       registry::Registry& registry);

struct SpaceItem {
  /// "metrics", "artifacts": one word, for machines too.
  std::string name;
  /// What is counted here.
  std::string what;
  uint64_t bytes = 0;
};

/// The parts of a database and a state folder; of the latter nothing if it is "". `artifacts` is
/// what SurveyArtifacts found. The whole is the sum.
Result<std::vector<SpaceItem>> MeasureSpace(store::Database& database, const std::string& state_dir,
                                            const ArtifactSurvey& artifacts, Fs& fs);

/// Bytes of the files below a folder; 0 if there is none.
uint64_t FolderBytes(const std::string& folder, Fs& fs);

}  // namespace quern::upkeep
