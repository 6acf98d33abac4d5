#pragma once
// In what state the code of a project was: what git says of the folder, as MLflow's tags.
#include <cstddef>
#include <map>
#include <optional>
#include <string>

namespace quern::pipeline {

/// Of a folder in a git repository that has a commit.
struct CodeState {
  std::string commit;
  std::string branch;      // "": a detached HEAD
  std::string repository;  // URL of the remote `origin`, without a password; "": none
  bool dirty = false;      // the folder differs from the commit, in files that git knows
  /// `git diff HEAD` of the folder, if asked for: whole lines, valid UTF-8. One that is longer than
  /// kMostDiff is cut, and its last line says so.
  std::string diff;
};

/// Bytes. A tag holds no more than 8000 characters, at MLflow's servers neither.
inline constexpr size_t kMostDiff = 7800;

/// Nothing without git, outside of a repository, before the first commit, or if git does not answer
/// within ten seconds: then a run is recorded without. Starts `git`, which runs nothing that the
/// repository's configuration names.
std::optional<CodeState> ReadCodeState(const std::string& folder, bool with_diff);

/// mlflow.source.git.commit, branch, repoURL, dirty, diff: what is known of them.
std::map<std::string, std::string> CodeTags(const CodeState& state);

/// "https://me:secret@host/repo" without "me:secret@".
std::string WithoutPassword(const std::string& url);

}  // namespace quern::pipeline
