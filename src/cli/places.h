#pragma once
// Folders and addresses as several verbs take them.
#include <string>

#include "base/fs.h"

namespace quern::cli {

/// The state folder that `root` means: itself if it holds a database, else the .quern in it.
inline std::string StateFolder(const std::string& root, Fs& fs) {
  return fs.Exists(JoinPath(root, "quern.db")) ? root : JoinPath(root, ".quern");
}

/// The same of a project's folder or its quern.yaml.
inline std::string StateFolderOf(const std::string& project, Fs& fs) {
  const auto info = fs.Stat(project);
  if (info && !info->is_dir) return JoinPath(DirName(project), ".quern");
  return StateFolder(project, fs);
}
/// The same of a folder that may become a store: kInvalidArgument for one that holds other things.
Result<std::string> StoreFolder(const std::string& root, Fs& fs);

}  // namespace quern::cli
