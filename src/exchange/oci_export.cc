#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <map>

#include "base/digest.h"
#include "base/ids.h"
#include "base/text.h"
#include "base/time.h"
#include "exchange/oci_artifact.h"
#include "exchange/oci_words.h"
#include "exchange/tar_file.h"
#include "model/package.h"
#include "registry/package_registry.h"
#include "signing/manifest.h"

namespace quern::exchange {
namespace {

/// A blob before it is written: bytes, or a file that has them.
struct Blob {
  std::string digest;
  uint64_t size = 0;
  std::string text;
  std::string file;  // "" if `text` is it
};

Blob BlobOf(std::string text) {
  Blob blob;
  blob.digest = Sha256(text);
  blob.size = text.size();
  blob.text = std::move(text);
  return blob;
}

json::object DescriptorOf(const Blob& blob, const char* media_type) {
  return {{"mediaType", media_type},
          {"digest", oci::kSha256 + blob.digest},
          {"size", static_cast<int64_t>(blob.size)}};
}

/// All that a layout is made of.
struct Artifact {
  std::map<std::string, Blob> blobs;  // by digest
  std::string index;
  OciWritten written;

  void Add(Blob blob) { blobs.emplace(blob.digest, std::move(blob)); }
};

/// Letters that the grammar of org.opencontainers.image.ref.name has; others become a dash.
std::string ReferenceOf(const MovingVersion& moving) {
  std::string text;
  for (const char c : moving.name + "-" + std::to_string(moving.version)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    const bool dash =
        text.empty() || text.back() == '-' || text.back() == '.' || text.back() == '_';
    if (plain || (!dash && (c == '.' || c == '_'))) {
      text += c;
    } else if (!dash) {
      text += '-';
    }
  }
  return text;
}

json::object AnnotationsOf(const MovingVersion& moving) {
  const std::string version = std::to_string(moving.version);
  json::object notes{{oci::kTitle, moving.name},
                     {oci::kVersion, version},
                     {oci::kCreated, FormatTime(moving.created_ms)},
                     {oci::kNameNote, moving.name},
                     {oci::kVersionNote, version},
                     {registry::kDigestTag, moving.digest}};
  if (!moving.description.empty()) notes[oci::kDescription] = moving.description;
  if (!moving.model_description.empty()) {
    notes[oci::kModelDescriptionNote] = moving.model_description;
  }
  if (!moving.run_id.empty()) notes[oci::kRunNote] = moving.run_id;
  json::object others;
  for (const auto& [key, value] : moving.tags) {
    // Metrics and the like, for who looks at the manifest; what clients call theirs stays apart.
    (key.starts_with(oci::kTagPrefix) && !oci::IsNote(key) ? notes : others)[key] = value;
  }
  if (!others.empty()) notes[oci::kTagsNote] = WriteJson(others);
  return notes;
}

/// One layer for each file, as it is: its digest is the file's.
Result<json::array> AddLayers(const MovingVersion& moving, Fs& fs, Artifact& artifact) {
  json::array layers;
  QUERN_ASSIGN(auto names, FilesOfPackage(moving.folder, fs));
  if (!moving.signature.empty() &&
      !std::binary_search(names.begin(), names.end(), std::string(signing::kSignatureFile))) {
    names.insert(std::upper_bound(names.begin(), names.end(), signing::kSignatureFile),
                 signing::kSignatureFile);
  }
  for (const std::string& name : names) {
    Blob blob;
    if (name == signing::kSignatureFile && !moving.signature.empty()) {
      blob = BlobOf(moving.signature);
    } else {
      blob.file = JoinPath(moving.folder, name);
      QUERN_ASSIGN(blob.digest, Sha256File(blob.file));
      QUERN_ASSIGN(const FileInfo info, fs.Stat(blob.file));
      blob.size = info.size;
    }
    json::object layer =
        DescriptorOf(blob, name == "model.onnx" ? oci::kWeightType : oci::kWeightConfigType);
    layer["annotations"] = json::object{{oci::kTitle, name}, {oci::kFilepath, name}};
    layers.emplace_back(std::move(layer));
    artifact.Add(std::move(blob));
  }
  artifact.written.files = names.size();
  return layers;
}

/// The configuration that ModelPack asks for.
Result<Blob> ConfigOf(const MovingVersion& moving, const json::array& layers, Fs& fs) {
  QUERN_ASSIGN(const model::PackageInfo info, model::ReadPackage(moving.folder, fs));
  json::array digests;
  for (const json::value& layer : layers) digests.push_back(layer.at("digest"));
  json::object about{{"createdAt", FormatTime(moving.created_ms)},
                     {"name", moving.name},
                     {"version", std::to_string(moving.version)}};
  if (!moving.description.empty()) about["description"] = moving.description;
  return BlobOf(WriteJson(
      json::object{{"descriptor", std::move(about)},
                   {"modelfs", json::object{{"type", "layers"}, {"diffIds", std::move(digests)}}},
                   {"config", json::object{{"architecture", info.learner}, {"format", "onnx"}}}}));
}

Result<Artifact> MakeArtifact(const MovingVersion& moving, Fs& fs) {
  Artifact artifact;
  QUERN_ASSIGN(json::array layers, AddLayers(moving, fs, artifact));
  QUERN_ASSIGN(Blob config, ConfigOf(moving, layers, fs));
  Blob manifest =
      BlobOf(WriteJson(json::object{{"schemaVersion", 2},
                                    {"mediaType", oci::kManifestType},
                                    {"artifactType", oci::kModelType},
                                    {"config", DescriptorOf(config, oci::kModelConfigType)},
                                    {"layers", std::move(layers)},
                                    {"annotations", AnnotationsOf(moving)}}));
  if (manifest.size > oci::kMostJson) {
    return Fail(Code::kFailedPrecondition,
                fmt::format("the manifest of {} would have {} bytes, of which registries take {}",
                            moving.reference(), manifest.size, oci::kMostJson),
                "take tags from the version that are as large as that");
  }
  artifact.written.manifest = oci::kSha256 + manifest.digest;
  artifact.written.reference = ReferenceOf(moving);
  json::object entry = DescriptorOf(manifest, oci::kManifestType);
  entry["artifactType"] = oci::kModelType;
  entry["annotations"] = json::object{{oci::kRefName, artifact.written.reference}};
  artifact.index = WriteJson(json::object{{"schemaVersion", 2},
                                          {"mediaType", oci::kIndexType},
                                          {"manifests", json::array{std::move(entry)}}});
  artifact.Add(std::move(config));
  artifact.Add(std::move(manifest));
  for (const auto& [digest, blob] : artifact.blobs) artifact.written.bytes += blob.size;
  return artifact;
}

std::string LayoutText() {
  return WriteJson(json::object{{"imageLayoutVersion", oci::kLayoutVersion}});
}

Status WriteFolder(const Artifact& artifact, const std::string& folder, Fs& fs,
                   Progress& progress) {
  const std::string blobs = JoinPath(folder, oci::kBlobs);
  QUERN_TRY(fs.MakeDirs(blobs));
  size_t done = 0;
  for (const auto& [digest, blob] : artifact.blobs) {
    const std::string file = blobs + digest;
    QUERN_TRY(blob.file.empty() ? fs.WriteAtomic(file, blob.text) : fs.Copy(blob.file, file));
    QUERN_ASSIGN(const std::string now, Sha256File(file));
    if (now != digest) {
      return Fail(Code::kAborted, "'" + blob.file + "' changed while it was read", "export again");
    }
    progress.Update(++done, artifact.blobs.size(), "blobs");
  }
  QUERN_TRY(fs.WriteAtomic(JoinPath(folder, oci::kIndexFile), artifact.index));
  return fs.WriteAtomic(JoinPath(folder, oci::kLayoutFile), LayoutText());
}

/// In pieces; kAborted if the file is not what it was when its digest was taken.
Status AppendFile(const Blob& blob, TarWriter& tar) {
  std::ifstream in(blob.file, std::ios::binary);
  std::string buffer(256u << 10, '\0');
  for (uint64_t left = blob.size; left > 0 && in;) {
    in.read(buffer.data(), static_cast<std::streamsize>(std::min<uint64_t>(left, buffer.size())));
    const auto count = static_cast<size_t>(in.gcount());
    QUERN_TRY(tar.Append({buffer.data(), count}));
    left -= count;
  }
  QUERN_ASSIGN(const std::string now, Sha256File(blob.file));
  if (in && now == blob.digest) return {};
  return Fail(Code::kAborted, "'" + blob.file + "' changed while it was read", "export again");
}

Status WriteTar(const Artifact& artifact, const std::string& file, Fs& fs, Progress& progress) {
  QUERN_ASSIGN(const auto out, fs.Create(file));
  TarWriter tar(*out);
  const auto add = [&](const std::string& name, std::string_view bytes) -> Status {
    QUERN_TRY(tar.Begin(name, bytes.size()));
    return tar.Append(bytes);
  };
  QUERN_TRY(add(oci::kLayoutFile, LayoutText()));
  QUERN_TRY(add(oci::kIndexFile, artifact.index));
  size_t done = 0;
  for (const auto& [digest, blob] : artifact.blobs) {
    if (blob.file.empty()) {
      QUERN_TRY(add(oci::kBlobs + digest, blob.text));
    } else {
      QUERN_TRY(tar.Begin(oci::kBlobs + digest, blob.size));
      QUERN_TRY(AppendFile(blob, tar));
    }
    progress.Update(++done, artifact.blobs.size(), "blobs");
  }
  return tar.End();
}

Status CheckFree(const std::string& to, bool as_tar, Fs& fs) {
  const auto info = fs.Stat(to);
  if (!info && info.error().code == Code::kNotFound) return {};
  if (!info) return std::unexpected(info.error());
  if (!as_tar && info->is_dir) {
    QUERN_ASSIGN(const auto names, fs.List(to));
    if (names.empty()) return {};
    return Fail(Code::kAlreadyExists, "'" + to + "' is not empty: it holds '" + names[0] + "'",
                "name a new or an empty folder, or a new .tar");
  }
  return Fail(Code::kAlreadyExists, "'" + to + "' is there already",
              "name a new or an empty folder, or a new .tar");
}

}  // namespace

Result<OciWritten> WriteOci(const MovingVersion& moving, const std::string& to, Fs& fs,
                            Progress& progress) {
  const bool as_tar = to.ends_with(".tar");
  std::string place = to;
  while (place.size() > 1 && place.ends_with('/')) place.pop_back();
  QUERN_TRY(CheckFree(place, as_tar, fs));
  QUERN_ASSIGN(const Artifact artifact, MakeArtifact(moving, fs));
  const std::string folder = DirName(place);
  if (!folder.empty()) QUERN_TRY(fs.MakeDirs(folder));
  const std::string aside = place + ".quern-tmp-" + NewHexId();
  const auto write = [&]() -> Status {
    QUERN_TRY(as_tar ? WriteTar(artifact, aside, fs, progress)
                     : WriteFolder(artifact, aside, fs, progress));
    return fs.MoveInto(aside, place);
  };
  if (const Status written = write(); !written) {
    (void)fs.RemoveAll(aside);
    return std::unexpected(written.error());
  }
  return artifact.written;
}

}  // namespace quern::exchange
