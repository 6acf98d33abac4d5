#pragma once
// What the package of a version says of it, and how to call it: read from quern.json and the
// example beside it, as they lie in the store.
#include <boost/json.hpp>
#include <string>

#include "base/fs.h"
#include "base/json.h"
#include "registry/types.h"

namespace quern::server::native {

struct PackageView {
  /// {task, learner, params, inputs, classes, positive, threshold, derived, features, metrics,
  /// bytes}; null if the version is no package of this store.
  json::value package;
  /// One row by column, as a client would send it; null if there is none.
  json::value example;
  /// Why `package` is null: for people.
  std::string why;
};
PackageView ReadPackageView(const registry::ModelVersion& version, const std::string& state_dir,
                            Fs& fs);

/// Where the snippets of a version point.
struct CallPlace {
  std::string server;  // "http://127.0.0.1:5000": this server as its caller names it
  std::string root;    // the folder that `quern serve --root` takes
};
/// [{title, language, code}]: ways to call the version that run as they stand. Only such are given
/// as this version has.
json::array Snippets(const registry::ModelVersion& version, const PackageView& view,
                     const CallPlace& place);

}  // namespace quern::server::native
