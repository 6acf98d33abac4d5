#include "cli/places.h"

namespace quern::cli {

Result<std::string> StoreFolder(const std::string& root, Fs& fs) {
  const std::string state = StateFolder(root, fs);
  if (state == root || fs.Exists(state) || fs.Exists(JoinPath(root, "quern.yaml"))) return state;
  auto names = fs.List(root);
  if (!names && names.error().code != Code::kNotFound) return std::unexpected(names.error());
  if (names && !names->empty()) {
    return Fail(Code::kInvalidArgument,
                "'" + root + "' is neither a project, nor a store, nor empty: it holds '" +
                    names->front() + "'",
                "name a folder with quern.yaml, or an empty or new one: --root DIR");
  }
  return state;
}

}  // namespace quern::cli
