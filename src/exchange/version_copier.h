#pragma once
// Puts a version that comes from elsewhere into a registry: a project's own, or a server's.
#include <string>

#include "base/fs.h"
#include "base/progress.h"
#include "base/result.h"
#include "base/time.h"
#include "exchange/moving_version.h"
#include "registry/package_registry.h"
#include "tracking/run_book.h"

namespace quern::exchange {

/// Where a version goes. Borrowed.
struct CopyTarget {
  registry::PackageRegistry& registry;
  /// Of a server, where files are a run's: the copy gets a run of its own. Null: it needs none.
  tracking::RunBook* runs = nullptr;
  /// Register looks for packages below it. What is not there yet is brought there.
  std::string state_dir;
  /// What it is called, in messages: "host:/folder/.quern", a URL.
  std::string place;
};

struct CopyOutcome {
  enum class Kind {
    kAdded,
    kThere,   // this package is a version of the model already, and nothing was changed
    kSigned,  // the same, and the signature that it came with was added
  };
  Kind kind = Kind::kAdded;
  registry::ModelVersion version;
  /// What `version` is a copy of, by its tags; "" for one that was trained where it is.
  std::string copied_from;
};

/// Brings the package, every file of it compared, and registers it as the next version of the model
/// `name` with its tags, description and signature, and with tags that say where it comes from.
/// That is one transaction and one record in the registry's log. No alias is moved. A package that
/// the model has already (by digest) is not registered again.
///
/// Errors: kAlreadyExists if `name` is that of a prompt, kDataLoss if files differ from what they
/// were, kInvalidArgument for a name that no model may have, those of disk and server.
Result<CopyOutcome> CopyVersion(const MovingVersion& moving, const CopyTarget& target,
                                const std::string& name, Fs& fs, const Clock& clock,
                                Progress& progress);

}  // namespace quern::exchange
