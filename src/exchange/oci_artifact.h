#pragma once
// A model version as an OCI artifact of the type that CNCF's ModelPack defines: written to, and
// read from, a folder in OCI image layout or a .tar of one.
#include <cstdint>
#include <string>
#include <vector>

#include "base/fs.h"
#include "base/progress.h"
#include "base/result.h"
#include "exchange/moving_version.h"

namespace quern::exchange {

struct OciWritten {
  std::string manifest;   // "sha256:…": what registries know the artifact by
  std::string reference;  // org.opencontainers.image.ref.name, "heart-3"
  uint64_t bytes = 0;     // of all blobs
  uint64_t files = 0;     // of the package
};

/// Writes a version to `to`: a .tar if it ends so, else a folder; whole or not at all. The same
/// version gives the same bytes: there is no time but that of its registration. kAlreadyExists
/// unless `to` is absent, or an empty folder.
Result<OciWritten> WriteOci(const MovingVersion& moving, const std::string& to, Fs& fs,
                            Progress& progress);

/// What is read of a layout.
struct OciChoice {
  std::string path;  // a folder or a .tar
  /// Of several artifacts in the layout, the one of this ref.name or digest; "" if there is one.
  std::string reference;
};

/// Reads an artifact: its package goes into `folder`, which exists and is empty, every digest
/// checked, then that of the package. The version's `registry` is "oci:" and the manifest's digest.
///
/// Errors, which name the file: kNotFound; kInvalidArgument for what is no layout, no model, no
/// package of ours, has a name or type that is refused, or is too large; kDataLoss for what is cut
/// short or altered.
Result<MovingVersion> ReadOci(const OciChoice& choice, const std::string& folder, Fs& fs,
                              Progress& progress);

}  // namespace quern::exchange
