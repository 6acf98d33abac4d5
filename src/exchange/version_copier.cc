#include "exchange/version_copier.h"

#include <optional>

#include "base/digest.h"
#include "base/ids.h"
#include "base/json_read.h"
#include "model/package.h"
#include "registry/names.h"
#include "registry/signature.h"
#include "signing/manifest.h"

namespace quern::exchange {
namespace {

using registry::ModelVersion;
using Kind = CopyOutcome::Kind;

std::string TagOf(const ModelVersion& version, const std::string& key) {
  const auto found = version.tags.find(key);
  return found == version.tags.end() ? "" : found->second;
}

/// The version of the model that is this package; the first one if there are several.
Result<std::optional<ModelVersion>> FindPackage(registry::PackageRegistry& registry,
                                                const std::string& name,
                                                const std::string& digest) {
  QUERN_ASSIGN(const auto versions, registry.List(name));
  std::optional<ModelVersion> found;
  for (const ModelVersion& version : versions) {  // newest first
    if (version.digest == digest || TagOf(version, registry::kDigestTag) == digest) found = version;
  }
  return found;
}

/// A package that is where it should be, or an error that names the folder.
Status CheckPackage(const std::string& folder, const std::string& digest, Fs& fs) {
  QUERN_ASSIGN(const model::PackageInfo info, model::ReadPackage(folder, fs));
  if (info.digest == digest) return {};
  return Fail(
      Code::kDataLoss,
      "the package in '" + folder + "' has the digest " + info.digest + " instead of " + digest,
      "remove the folder, and copy again");
}

Status CopyFiles(const MovingVersion& moving, const std::string& to, Fs& fs, Progress& progress) {
  QUERN_ASSIGN(const auto names, FilesOfPackage(moving.folder, fs));
  size_t done = 0;
  for (const std::string& name : names) {
    const std::string from = JoinPath(moving.folder, name);
    const std::string copy = JoinPath(to, name);
    QUERN_TRY(fs.Copy(from, copy));
    // The package's digest leaves out MLmodel and lineage.json: a copy has each byte of them too.
    QUERN_ASSIGN(const std::string before, Sha256File(from));
    QUERN_ASSIGN(const std::string after, Sha256File(copy));
    if (before != after) {
      return Fail(Code::kDataLoss, "'" + copy + "' is not what '" + from + "' is",
                  "is somebody writing there? copy again");
    }
    progress.Update(++done, names.size(), "files");
  }
  return {};
}

/// Brings the package to where the target's registry looks for it, whole or not at all.
Status PlacePackage(const MovingVersion& moving, const std::string& state_dir, Fs& fs,
                    Progress& progress) {
  const std::string folder = JoinPath(state_dir, registry::PackagePath(moving.digest));
  if (fs.Exists(folder)) return CheckPackage(folder, moving.digest, fs);
  // Not below tmp/, which a run of the same project clears.
  const std::string aside = JoinPath(state_dir, "artifacts/models/.copy-" + NewHexId());
  QUERN_TRY(fs.MakeDirs(aside));
  const auto arrive = [&]() -> Status {
    QUERN_TRY(CopyFiles(moving, aside, fs, progress));
    QUERN_TRY(CheckPackage(aside, moving.digest, fs));
    if (!moving.signature.empty()) {
      QUERN_TRY(fs.WriteAtomic(JoinPath(aside, signing::kSignatureFile), moving.signature));
    }
    return fs.MoveInto(aside, folder);
  };
  Status arrived = arrive();
  if (!arrived) (void)fs.RemoveAll(aside);
  return arrived;
}

registry::Texts TagsOf(const MovingVersion& moving) {
  registry::Texts tags = moving.tags;
  tags[registry::kCopiedFromTag] = moving.reference();
  tags[registry::kCopiedRegistryTag] = moving.registry;
  if (!moving.run_id.empty()) tags[registry::kCopiedRunTag] = moving.run_id;
  if (!moving.signature.empty()) tags[registry::kSignatureTag] = moving.signature;
  return tags;
}

/// {NAME: {value}} as points, and {NAME: value} as parameters, of the package's own description.
void ReadFacts(const MovingVersion& moving, Fs& fs, tracking::RunDraft& draft) {
  const auto text = fs.Read(JoinPath(moving.folder, "quern.json"));
  const auto described = text ? ParseJson(*text) : std::unexpected(text.error());
  if (!described) return;  // the package was checked: it is there, and JSON
  if (const json::object* params = At(*described, "/params").if_object(); params != nullptr) {
    for (const auto& [key, value] : *params) {
      draft.params[std::string(key)] =
          value.is_string() ? std::string(value.get_string()) : WriteJson(value);
    }
  }
  const auto tag = moving.tags.find("quern.metrics");
  const auto measured = ParseJson(tag == moving.tags.end() ? "{}" : tag->second);
  const json::object* metrics = measured ? measured->if_object() : nullptr;
  if (metrics == nullptr) return;
  for (const auto& [key, value] : *metrics) {
    const auto number = NumberAt(value, "/value");
    if (!number) continue;
    tracking::MetricPoint point;
    point.key = std::string(key);
    point.value = *number;
    draft.metrics.push_back(std::move(point));
  }
}

/// The run that a copy at a server belongs to: found again if the copying broke off after it.
Result<std::string> RunOf(const MovingVersion& moving, const CopyTarget& target,
                          const std::string& name, Fs& fs, const Clock& clock) {
  if (target.runs == nullptr) return std::string();
  tracking::RunFamily family;
  family.key = Digester()
                   .Add("copy")
                   .Add(moving.registry)
                   .Add(moving.reference())
                   .Add(moving.digest)
                   .Finish();
  // Of its own: recordings at one place end what others there have left behind.
  family.place = moving.reference() + " of " + moving.registry;
  family.parent.name = "copy of " + moving.reference();
  family.parent.start_ms = family.parent.end_ms = clock.NowMs();
  family.parent.tags = {{registry::kCopiedFromTag, moving.reference()},
                        {registry::kCopiedRegistryTag, moving.registry}};
  if (!moving.run_id.empty()) family.parent.tags[registry::kCopiedRunTag] = moving.run_id;
  ReadFacts(moving, fs, family.parent);
  QUERN_ASSIGN(const auto ids, target.runs->Record(name, family));
  return ids.parent;
}

Result<CopyOutcome> Found(const MovingVersion& moving, const CopyTarget& target,
                          ModelVersion version) {
  CopyOutcome outcome;
  outcome.kind = Kind::kThere;
  const std::string from = TagOf(version, registry::kCopiedFromTag);
  if (!from.empty())
    outcome.copied_from = from + " of " + TagOf(version, registry::kCopiedRegistryTag);
  if (!moving.signature.empty() && registry::SignatureOf(version).empty()) {
    QUERN_TRY(target.registry.KeepSignature(
        version.name, version.version, moving.signature,
        "came with " + moving.reference() + " of " + moving.registry));
    QUERN_ASSIGN(version, target.registry.Get(version.name, version.version));
    outcome.kind = Kind::kSigned;
  }
  outcome.version = std::move(version);
  return outcome;
}

}  // namespace

Result<CopyOutcome> CopyVersion(const MovingVersion& moving, const CopyTarget& target,
                                const std::string& name, Fs& fs, const Clock& clock,
                                Progress& progress) {
  QUERN_TRY(registry::CheckModelName(name, "name"));
  QUERN_ASSIGN(const auto model, target.registry.Model(name));
  if (model && registry::IsPrompt(model->tags)) {
    return Fail(Code::kAlreadyExists, "'" + name + "' of " + target.place + " is a prompt",
                "give the model another name there: --as NAME");
  }
  if (model) {
    QUERN_ASSIGN(auto there, FindPackage(target.registry, name, moving.digest));
    if (there) return Found(moving, target, std::move(*there));
  }
  QUERN_TRY(PlacePackage(moving, target.state_dir, fs, progress));
  registry::NewPackage package;
  package.name = name;
  package.digest = moving.digest;
  QUERN_ASSIGN(package.run_id, RunOf(moving, target, name, fs, clock));
  package.tags = TagsOf(moving);
  package.description = moving.description;
  package.model_description = moving.model_description;
  package.reason = "copied from " + moving.reference() + " of " + moving.registry;
  CopyOutcome outcome;
  QUERN_ASSIGN(outcome.version, target.registry.Register(package));
  // `quern gc` takes packages that no version has; from here on one has it.
  QUERN_TRY(PlacePackage(moving, target.state_dir, fs, NoProgress()));
  outcome.copied_from = moving.reference() + " of " + moving.registry;
  return outcome;
}

}  // namespace quern::exchange
