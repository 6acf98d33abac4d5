#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "base/json_read.h"
#include "base/text.h"
#include "exchange/oci_artifact.h"
#include "exchange/oci_layout.h"
#include "exchange/oci_words.h"
#include "model/package.h"
#include "registry/names.h"
#include "registry/package_registry.h"
#include "signing/bundle.h"
#include "signing/manifest.h"

namespace quern::exchange {
namespace {

constexpr size_t kLongestName = 255;

/// A text of the manifest's annotations. Their keys have slashes and dots: no JSON pointers.
std::string NoteOf(const json::value& holder, std::string_view key) {
  const json::object* notes = At(holder, "/annotations").if_object();
  const json::value* note = notes == nullptr ? nullptr : notes->if_contains(key);
  return note != nullptr && note->is_string() ? std::string(note->get_string()) : "";
}

/// What a manifest says it is: OCI 1.1 has a field for it, before that the configuration's type
/// did.
std::string TypeOf(const json::value& manifest) {
  const std::string type = TextAt(manifest, "/artifactType");
  return type.empty() ? TextAt(manifest, "/config/mediaType") : type;
}

bool IsModel(const json::value& manifest) {
  const std::string type = TypeOf(manifest);
  return type == oci::kModelType || type == oci::kModelConfigType;
}

struct FoundManifest {
  OciBlob blob;
  std::string reference;
  json::value manifest;
};

/// Manifests of models in the layout, those of `reference` if one is given.
Result<std::vector<FoundManifest>> FindModels(const OciLayout& layout,
                                              const std::string& reference) {
  QUERN_ASSIGN(const json::value index, layout.ReadFile(oci::kIndexFile));
  std::vector<FoundManifest> found;
  std::set<std::string> others;
  for (const json::value& entry : ListAt(index, "/manifests")) {
    FoundManifest one;
    QUERN_ASSIGN(one.blob, ReadDescriptor(entry, "a manifest in '" + layout.path() + "'"));
    one.reference = NoteOf(entry, oci::kRefName);
    const bool wanted = reference.empty() || reference == one.reference ||
                        reference == oci::kSha256 + one.blob.digest;
    if (!wanted) continue;
    if (one.blob.media_type != oci::kManifestType) {
      others.insert(one.blob.media_type);
      continue;
    }
    QUERN_ASSIGN(one.manifest, layout.ReadJsonBlob(one.blob, "the manifest sha256:" +
                                                                 one.blob.digest.substr(0, 12)));
    if (IsModel(one.manifest)) {
      found.push_back(std::move(one));
    } else {
      others.insert(TypeOf(one.manifest));
    }
  }
  if (!found.empty()) return found;
  if (!others.empty()) {
    return Fail(Code::kInvalidArgument,
                "'" + layout.path() + "' holds no model, but '" +
                    Join(std::vector<std::string>(others.begin(), others.end()), "', '") + "'",
                std::string("a model is an artifact of the type ") + oci::kModelType);
  }
  return Fail(Code::kNotFound,
              reference.empty() ? "'" + layout.path() + "' lists no manifest"
                                : "'" + layout.path() + "' holds no '" + reference + "'",
              "its index.json says what it holds");
}

Result<FoundManifest> Choose(const OciLayout& layout, const std::string& reference) {
  QUERN_ASSIGN(auto found, FindModels(layout, reference));
  if (found.size() == 1) return std::move(found.front());
  std::vector<std::string> names;
  for (const FoundManifest& one : found) {
    names.push_back(one.reference.empty() ? oci::kSha256 + one.blob.digest : one.reference);
  }
  return Fail(Code::kInvalidArgument,
              "'" + layout.path() + "' holds several models: " + Join(names, ", "),
              "say which: --ref NAME, or --ref sha256:DIGEST");
}

/// A layer is a file of the package, by a name that stays in its folder.
struct Layer {
  OciBlob blob;
  std::string name;
};

std::unexpected<Error> BadLayer(const std::string& what, const std::string& remedy) {
  return Fail(Code::kInvalidArgument, what, remedy);
}

Result<Layer> ReadLayer(const json::value& value) {
  Layer layer;
  layer.name = NoteOf(value, oci::kFilepath);
  if (layer.name.empty()) layer.name = NoteOf(value, oci::kTitle);
  const bool control = std::any_of(layer.name.begin(), layer.name.end(),
                                   [](unsigned char c) { return c < ' ' || c == 0x7f; });
  QUERN_ASSIGN(layer.blob, ReadDescriptor(value, "the layer '" + layer.name + "'"));
  const std::string& type = layer.blob.media_type;
  if (layer.name.empty()) {
    return BadLayer("the layer sha256:" + layer.blob.digest.substr(0, 12) + " has no file name",
                    std::string("each layer names its file by the annotation ") + oci::kFilepath);
  }
  if (layer.name.find_first_of("/\\") != std::string::npos || layer.name == "." ||
      layer.name == ".." || control || layer.name.size() > kLongestName) {
    return BadLayer("a layer names the file '" + layer.name + "'",
                    "the files of a package have names, no paths: nothing was written");
  }
  if (!type.starts_with(oci::kModelLayerPrefix) || !type.ends_with(oci::kRawSuffix)) {
    return BadLayer(
        "the layer '" + layer.name + "' is of the type '" + type + "'",
        std::string("layers that are one file each are read, such as ") + oci::kWeightType);
  }
  return layer;
}

Result<std::vector<Layer>> ReadLayers(const OciLayout& layout, const json::value& manifest) {
  const json::array& list = ListAt(manifest, "/layers");
  if (list.size() > oci::kMostFiles) {
    return BadLayer(fmt::format("'{}' has {} layers", layout.path(), list.size()),
                    fmt::format("{} at most are read", oci::kMostFiles));
  }
  std::vector<Layer> layers;
  std::set<std::string> names;
  uint64_t bytes = 0;
  for (const json::value& value : list) {
    QUERN_ASSIGN(Layer layer, ReadLayer(value));
    if (!names.insert(layer.name).second) {
      return BadLayer("two layers name the file '" + layer.name + "'", "each file is one layer");
    }
    if (layer.blob.size > oci::kMostBytes - bytes) {
      return BadLayer(
          fmt::format("'{}' is too large: with the file '{}' of {} bytes it is more than {}",
                      layout.path(), layer.name, layer.blob.size, FormatBytes(oci::kMostBytes)),
          "that is the most that is read");
    }
    bytes += layer.blob.size;
    layers.push_back(std::move(layer));
  }
  return layers;
}

/// The tags of the version, from the manifest's annotations.
Result<registry::Texts> ReadTags(const json::value& manifest) {
  registry::Texts tags;
  if (const json::object* notes = At(manifest, "/annotations").if_object(); notes != nullptr) {
    for (const auto& [key, value] : *notes) {
      if (!key.starts_with(oci::kTagPrefix) || oci::IsNote(key) || !value.is_string()) continue;
      tags[std::string(key)] = std::string(value.get_string());
    }
  }
  if (const std::string text = NoteOf(manifest, oci::kTagsNote); !text.empty()) {
    QUERN_ASSIGN(const json::value others, ParseJson(text, {.name = oci::kTagsNote}));
    const json::object* object = others.if_object();
    if (object == nullptr) return BadLayer("quern.tags is no JSON object", "export it again");
    for (const auto& [key, value] : *object) {
      if (value.is_string()) tags[std::string(key)] = std::string(value.get_string());
    }
  }
  tags = TravellingTags(tags);
  QUERN_TRY(registry::CheckTags(tags));
  return tags;
}

/// The package as it arrived in `folder`, and that it is the one that the manifest means.
Status CheckPackage(const OciLayout& layout, const json::value& manifest, const std::string& folder,
                    MovingVersion& moving, Fs& fs) {
  auto info = model::ReadPackage(folder, fs);
  if (!info && info.error().code == Code::kNotFound) {
    return Fail(Code::kInvalidArgument,
                "the model in '" + layout.path() +
                    "' is not a package of this program: it has no " + "quern.json",
                "`quern models export --oci` writes such packages");
  }
  if (!info) return Within(info.error(), "reading the package in '" + layout.path() + "'");
  const std::string said = NoteOf(manifest, registry::kDigestTag);
  if (!said.empty() && said != info->digest) {
    return Fail(Code::kDataLoss,
                "the package in '" + layout.path() + "' has the digest " + info->digest +
                    ", but its manifest says " + said,
                "somebody changed one of the two");
  }
  moving.digest = info->digest;
  const std::string signature = JoinPath(folder, signing::kSignatureFile);
  if (!fs.Exists(signature)) return {};
  QUERN_ASSIGN(moving.signature, fs.Read(signature));
  QUERN_TRY(signing::ReadBundle(
      moving.signature, std::string(signing::kSignatureFile) + " in '" + layout.path() + "'"));
  return {};
}

}  // namespace

Result<MovingVersion> ReadOci(const OciChoice& choice, const std::string& folder, Fs& fs,
                              Progress& progress) {
  QUERN_ASSIGN(const OciLayout layout, OciLayout::Open(choice.path));
  QUERN_ASSIGN(const FoundManifest found, Choose(layout, choice.reference));
  QUERN_ASSIGN(const auto layers, ReadLayers(layout, found.manifest));
  QUERN_ASSIGN(const OciBlob config,
               ReadDescriptor(At(found.manifest, "/config"), "the configuration"));
  if (config.media_type != oci::kModelConfigType) {
    return BadLayer(
        "the configuration of '" + choice.path + "' is of the type '" + config.media_type + "'",
        std::string("a model's is of the type ") + oci::kModelConfigType);
  }
  QUERN_ASSIGN(const json::value described, layout.ReadJsonBlob(config, "the configuration"));
  size_t done = 0;
  for (const Layer& layer : layers) {
    QUERN_TRY(
        layout.CopyBlob(layer.blob, "the file '" + layer.name + "'", JoinPath(folder, layer.name)));
    progress.Update(++done, layers.size(), "files");
  }
  MovingVersion moving;
  moving.folder = folder;
  moving.registry = std::string("oci:") + oci::kSha256 + found.blob.digest;
  QUERN_TRY(CheckPackage(layout, found.manifest, folder, moving, fs));
  moving.name = NoteOf(found.manifest, oci::kNameNote);
  if (moving.name.empty()) moving.name = TextAt(described, "/descriptor/name");
  const std::string version = NoteOf(found.manifest, oci::kVersionNote);
  moving.version = ParseInt(version).value_or(0);
  moving.run_id = NoteOf(found.manifest, oci::kRunNote);
  moving.description = NoteOf(found.manifest, oci::kDescription);
  moving.model_description = NoteOf(found.manifest, oci::kModelDescriptionNote);
  QUERN_ASSIGN(moving.tags, ReadTags(found.manifest));
  return moving;
}

}  // namespace quern::exchange
