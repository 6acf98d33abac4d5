#pragma once
// Inside of exchange/ only: words of OCI's image specification 1.1 and of CNCF's ModelPack.
#include <cstdint>
#include <string_view>

namespace quern::exchange::oci {

inline constexpr char kLayoutFile[] = "oci-layout";
inline constexpr char kLayoutVersion[] = "1.0.0";
inline constexpr char kIndexFile[] = "index.json";
inline constexpr char kBlobs[] = "blobs/sha256/";
inline constexpr char kSha256[] = "sha256:";

inline constexpr char kIndexType[] = "application/vnd.oci.image.index.v1+json";
inline constexpr char kManifestType[] = "application/vnd.oci.image.manifest.v1+json";
/// What the artifact is, and its parts: https://github.com/modelpack/model-spec.
inline constexpr char kModelType[] = "application/vnd.cncf.model.manifest.v1+json";
inline constexpr char kModelConfigType[] = "application/vnd.cncf.model.config.v1+json";
inline constexpr char kWeightType[] = "application/vnd.cncf.model.weight.v1.raw";
inline constexpr char kWeightConfigType[] = "application/vnd.cncf.model.weight.config.v1.raw";
/// Layers of other producers: any kind, each one file as it is.
inline constexpr char kModelLayerPrefix[] = "application/vnd.cncf.model.";
inline constexpr char kRawSuffix[] = ".v1.raw";

/// The file that a layer is: in ModelPack's words, and in those that ORAS goes by.
inline constexpr char kFilepath[] = "org.cncf.model.filepath";
inline constexpr char kTitle[] = "org.opencontainers.image.title";
inline constexpr char kVersion[] = "org.opencontainers.image.version";
inline constexpr char kCreated[] = "org.opencontainers.image.created";
inline constexpr char kDescription[] = "org.opencontainers.image.description";
inline constexpr char kRefName[] = "org.opencontainers.image.ref.name";

/// Annotations of Quern's own on the manifest. Tags that begin with "quern." stand beside them by
/// their own names, all others in kTagsNote.
inline constexpr char kNameNote[] = "quern.name";
inline constexpr char kVersionNote[] = "quern.version";
inline constexpr char kRunNote[] = "quern.run_id";
inline constexpr char kModelDescriptionNote[] = "quern.model_description";
inline constexpr char kTagsNote[] = "quern.tags";
inline constexpr char kTagPrefix[] = "quern.";
inline bool IsNote(std::string_view key) {
  return key == kNameNote || key == kVersionNote || key == kRunNote ||
         key == kModelDescriptionNote || key == kTagsNote;
}

/// As registries limit manifests.
inline constexpr uint64_t kMostJson = 4u << 20;
/// Of a package, as remote/ limits what it fetches.
inline constexpr uint64_t kMostBytes = uint64_t{4} << 30;
inline constexpr uint64_t kMostFiles = 1000;

}  // namespace quern::exchange::oci
