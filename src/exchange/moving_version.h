#pragma once
// A model version on its way from one registry to another: what goes along with its package.
#include <string>
#include <vector>

#include "base/fs.h"
#include "base/result.h"
#include "registry/types.h"

namespace quern::exchange {

struct MovingVersion {
  std::string name;      // of the model, where it comes from; "" if that is not known
  int64_t version = 0;   // there; 0 if that is not known
  std::string registry;  // where it comes from, as registry::kCopiedRegistryTag has it
  std::string folder;    // that holds the package
  std::string digest;    // of the package
  std::string run_id;    // that made it there; "" if none is known
  int64_t created_ms = 0;
  std::string description;
  std::string model_description;
  std::string signature;  // the bundle that is kept with the version; "" if it is not signed
  registry::Texts tags;   // those that go along

  /// "heart/3".
  std::string reference() const {
    return version == 0 ? name : name + "/" + std::to_string(version);
  }
};

/// The tags of a version that say something of it wherever it is. Those of aliases, of signatures
/// and of an earlier copying belong to one registry.
registry::Texts TravellingTags(const registry::Texts& tags);

/// Names of a package's files, sorted. kFailedPrecondition for a folder with something in it that
/// is no plain file.
Result<std::vector<std::string>> FilesOfPackage(const std::string& folder, Fs& fs);

/// A version ready to go. `folder` holds its package, which is read and checked: kDataLoss if it is
/// not what the version's digest says, errors of model::ReadPackage.
Result<MovingVersion> Depart(const registry::ModelVersion& version, const std::string& folder,
                             const std::string& registry, const std::string& model_description,
                             Fs& fs);

}  // namespace quern::exchange
