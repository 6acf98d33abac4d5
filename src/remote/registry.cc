#include "remote/registry.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/json_fields.h"
#include "base/text.h"
#include "net/encode_url.h"
#include "remote/values.h"

namespace quern::remote {

using registry::ModelVersion;

namespace {

constexpr char kModel[] = "registered-models/get";
/// A package is flat; what clients upload may have folders, but no tower of them.
constexpr int kDeepest = 16;

std::string VersionText(const std::string& name, int64_t version) {
  return "version " + std::to_string(version) + " of model '" + name + "'";
}

/// Paths of all files below a folder.
Status FilesBelow(Fs& fs, const std::string& folder, const std::string& below,
                  std::vector<std::string>& files) {
  QUERN_ASSIGN(const auto names, fs.List(folder));
  for (const std::string& name : names) {
    const std::string path = JoinPath(folder, name);
    QUERN_ASSIGN(const FileInfo info, fs.Stat(path));
    if (info.is_dir) {
      QUERN_TRY(FilesBelow(fs, path, below + name + "/", files));
    } else {
      files.push_back(below + name);
    }
  }
  return {};
}

}  // namespace

Result<ModelVersion> RemoteRegistry::Register(const registry::NewPackage& package) {
  const std::string& name = package.name;
  const auto find = [&] { return FindByDigest(name, package.digest); };
  QUERN_ASSIGN(auto found, find());
  if (!found) {
    const auto model =
        api_.Post("registered-models/create", {{"name", name},
                                               {"description", package.model_description},
                                               {"actor", user_},
                                               {"reason", package.reason}});
    if (!model && model.error().code != Code::kAlreadyExists) {
      return std::unexpected(model.error());
    }
    QUERN_ASSIGN(const std::string place, PlaceOf(package));
    // A version is there only when all of its files are.
    QUERN_TRY(UploadFolder(JoinPath(state_dir_, registry::PackagePath(package.digest)), place));
    registry::Texts tags = package.tags;
    tags[registry::kDigestTag] = package.digest;
    const json::object body{{"name", name},
                            {"source", "mlflow-artifacts:/" + place},
                            {"run_id", package.run_id},
                            {"user_id", user_},
                            {"description", package.description},
                            {"tags", Pairs(tags)},
                            {"actor", user_},
                            {"reason", package.reason}};
    QUERN_ASSIGN(found, api_.MakeOnce(
                            [&]() -> Result<json::value> {
                              QUERN_ASSIGN(const json::value answer,
                                           api_.PostOnce("model-versions/create", body));
                              return json::value(ObjectAt(answer, "model_version"));
                            },
                            find));
  }
  return Get(name, ReadModelVersion(*found).version);
}

Result<std::string> RemoteRegistry::PlaceOf(const registry::NewPackage& package) {
  // MLflow takes a version for a run's only if its files are among the run's.
  QUERN_ASSIGN(const json::value answer, api_.Get("runs/get", {{"run_id", package.run_id}}));
  const tracking::Run run = ReadRun(json::value(ObjectAt(answer, "run")));
  QUERN_ASSIGN(std::string root, ArtifactPath(api_.url(), run.info.artifact_uri));
  while (root.ends_with('/')) root.pop_back();
  return root + "/model";
}

Result<std::optional<json::value>> RemoteRegistry::FindByDigest(const std::string& name,
                                                                const std::string& digest) {
  const auto quoted = FilterValue(name);
  if (!quoted) {
    return Fail(Code::kInvalidArgument,
                "the project's name " + name + " holds both kinds of quotes",
                "a model of that name cannot be searched for: give the project another");
  }
  QUERN_ASSIGN(auto found, Search("name = " + *quoted + " AND tags.`" + registry::kDigestTag +
                                  "` = '" + digest + "'"));
  if (found.empty()) return std::optional<json::value>();
  // Two that registered it at once: the first one counts, for everybody.
  return *std::min_element(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return ReadModelVersion(a).version < ReadModelVersion(b).version;
  });
}

Result<std::vector<json::value>> RemoteRegistry::Search(const std::string& filter) {
  std::vector<json::value> found;
  std::string token;
  do {
    Query query{{"filter", filter}, {"max_results", "200"}};
    if (!token.empty()) query.emplace_back("page_token", token);
    QUERN_ASSIGN(const json::value answer, api_.Get("model-versions/search", query));
    for (const json::value& version : ArrayAt(answer, "model_versions")) found.push_back(version);
    token = TextAt(answer.get_object(), "next_page_token");
  } while (!token.empty());
  return found;
}

Result<int64_t> RemoteRegistry::VersionOf(const std::string& name, const std::string& alias) {
  const auto model = api_.Get(kModel, {{"name", name}});
  if (!model && model.error().code == Code::kNotFound) return int64_t{0};
  if (!model) return std::unexpected(model.error());
  const json::object& registered = ObjectAt(*model, "registered_model");
  for (const json::value& known : ArrayAt(registered, "aliases")) {
    const json::object* object = known.if_object();
    if (object != nullptr && TextAt(*object, "alias") == alias)
      return IntAt(*object, "version").value_or(0);
  }
  return int64_t{0};
}

Status RemoteRegistry::Tag(const std::string& name, int64_t version, const std::string& key,
                           const std::string& value) {
  QUERN_TRY(api_.Post(
      "model-versions/set-tag",
      {{"name", name}, {"version", std::to_string(version)}, {"key", key}, {"value", value}}));
  return {};
}

Status RemoteRegistry::SetAlias(const std::string& name, const std::string& alias, int64_t version,
                                const std::string& reason) {
  QUERN_ASSIGN(const int64_t before, VersionOf(name, alias));
  if (before == version) return {};
  // The reason first: an alias that stands where it should is not looked at again.
  QUERN_TRY(Tag(name, version, registry::ReasonTag(alias), reason));
  QUERN_TRY(api_.Post("registered-models/alias", {{"name", name},
                                                  {"alias", alias},
                                                  {"version", std::to_string(version)},
                                                  {"actor", user_},
                                                  {"reason", reason}}));
  return {};
}

Status RemoteRegistry::ForceAlias(const std::string& name, const std::string& alias,
                                  int64_t version, const std::string& reason) {
  QUERN_TRY(api_.Post("registered-models/alias", {{"name", name},
                                                  {"alias", alias},
                                                  {"version", std::to_string(version)},
                                                  {"force", true},
                                                  {"actor", user_},
                                                  {"reason", reason}}));
  return Tag(name, version, registry::ReasonTag(alias), reason);
}

Result<std::optional<json::value>> RemoteRegistry::AskQuern(std::string_view method,
                                                            const std::string& name,
                                                            int64_t version,
                                                            const std::string& what,
                                                            const json::object& body) {
  std::string target = "/api/2.0/quern/models/" + net::EncodeUrl(name);
  if (version != 0) target += "/versions/" + std::to_string(version);
  target += "/" + what;
  const std::string text = body.empty() ? std::string() : WriteJson(body);
  QUERN_ASSIGN(const net::HttpResponse response, api_.Ask(method, target, text));
  const auto answer = ParseJson(response.body);
  if (response.status == 200 && answer) return std::optional<json::value>(*answer);
  const json::object* error = answer ? answer->if_object() : nullptr;
  const bool missing =
      error != nullptr && TextAt(*error, "error_code") == "RESOURCE_DOES_NOT_EXIST";
  const bool unknown =
      response.status == 404 || response.status == 405 || (response.status == 200 && !answer);
  if (unknown && !missing) return std::optional<json::value>();
  return api_.Refused(method, target, response);
}

Status RemoteRegistry::TellQuern(const std::string& name, int64_t version, const std::string& what,
                                 const json::object& body) {
  QUERN_ASSIGN(const auto answer, AskQuern("POST", name, version, what, body));
  if (answer) return {};
  return Fail(Code::kFailedPrecondition, api_.url() + " keeps no reviews of versions",
              "approvals and checks need a Quern server of this version");
}

Result<registry::GateReport> RemoteRegistry::Gate(const std::string& name, const std::string& alias,
                                                  int64_t version) {
  QUERN_ASSIGN(const auto answer,
               AskQuern("GET", name, version, "gate?alias=" + net::EncodeUrl(alias), {}));
  if (answer) return registry::ReadGateReport(*answer);
  registry::GateReport open;
  open.name = name;
  open.version = version;
  open.alias = alias;
  return open;
}

Status RemoteRegistry::SetPolicies(const std::string& name,
                                   const std::map<std::string, registry::AliasPolicy>& policies) {
  json::object all;
  for (const auto& [alias, policy] : policies) all[alias] = registry::PolicyJson(policy);
  QUERN_ASSIGN(const auto answer,
               AskQuern("PUT", name, 0, "policies", {{"policies", all}, {"actor", user_}}));
  if (answer || policies.empty()) return {};
  return Fail(Code::kFailedPrecondition,
              api_.url() + " knows no gates: what `registry:` asks for would not hold there",
              "take registry: out of quern.yaml, or keep versions at a Quern server");
}

Status RemoteRegistry::SetPolicy(const registry::PolicyChange& change) {
  const json::object body{{"policy", registry::PolicyJson(change.policy)},
                          {"reason", change.reason},
                          {"actor", change.actor.empty() ? user_ : change.actor}};
  QUERN_ASSIGN(const auto answer,
               AskQuern("PUT", change.name, 0, "policies/" + net::EncodeUrl(change.alias), body));
  if (answer) return {};
  return Fail(Code::kFailedPrecondition, api_.url() + " knows no gates",
              "what an alias asks for is kept by a Quern server of this version");
}

Result<std::map<std::string, registry::AliasPolicy>> RemoteRegistry::Policies(
    const std::string& name) {
  QUERN_ASSIGN(const auto answer, AskQuern("GET", name, 0, "policies", {}));
  const json::object* kept = answer ? answer->if_object() : nullptr;
  if (kept == nullptr) return std::map<std::string, registry::AliasPolicy>();
  return registry::ReadPolicies(json::value(ArrayAt(*kept, "policies")));
}

Status RemoteRegistry::Say(const registry::Review& review) {
  const bool approved = review.verdict == registry::Verdict::kApproved;
  return TellQuern(
      review.name, review.version, approved ? "approve" : "reject",
      {{"reason", review.reason}, {"actor", review.actor.empty() ? user_ : review.actor}});
}

Status RemoteRegistry::Record(const registry::VersionCheck& check) {
  return TellQuern(check.name, check.version, "checks",
                   {{"check", check.check},
                    {"passed", check.passed},
                    {"reason", check.reason},
                    {"actor", check.actor.empty() ? user_ : check.actor}});
}

Status RemoteRegistry::KeepSignature(const std::string& name, int64_t version,
                                     const std::string& bundle, const std::string& reason) {
  QUERN_TRY(Tag(name, version, registry::kSignatureTag, bundle));
  return Tag(name, version, std::string(registry::kSignatureTag) + ".reason", reason);
}

Status RemoteRegistry::RemoveAlias(const std::string& name, const std::string& alias,
                                   const std::string& reason) {
  QUERN_ASSIGN(const int64_t before, VersionOf(name, alias));
  if (before == 0) return {};
  QUERN_TRY(Tag(name, before, registry::ReasonTag(alias), reason));
  QUERN_TRY(api_.Delete("registered-models/alias", {{"name", name}, {"alias", alias}}));
  return {};
}

Status RemoteRegistry::Rename(const std::string& name, const std::string& new_name,
                              const std::string& reason) {
  // Once: a second time would not find the model any more.
  QUERN_TRY(api_.PostOnce(
      "registered-models/rename",
      {{"name", name}, {"new_name", new_name}, {"actor", user_}, {"reason", reason}}));
  return {};
}

Result<std::optional<registry::RegisteredModel>> RemoteRegistry::Model(const std::string& name) {
  const auto answer = api_.Get(kModel, {{"name", name}});
  if (!answer && answer.error().code == Code::kNotFound) {
    return std::optional<registry::RegisteredModel>();
  }
  if (!answer) return std::unexpected(answer.error());
  return ReadRegisteredModel(json::value(ObjectAt(*answer, "registered_model")));
}

Result<ModelVersion> RemoteRegistry::Get(const std::string& name, int64_t version) {
  const auto answer =
      api_.Get("model-versions/get", {{"name", name}, {"version", std::to_string(version)}});
  if (!answer && answer.error().code == Code::kNotFound) {
    return Fail(Code::kNotFound, "no " + VersionText(name, version) + " at " + api_.url(),
                "`quern models` lists them");
  }
  if (!answer) return std::unexpected(answer.error());
  return ReadModelVersion(json::value(ObjectAt(*answer, "model_version")));
}

Result<std::optional<ModelVersion>> RemoteRegistry::ByAlias(const std::string& name,
                                                            const std::string& alias) {
  QUERN_ASSIGN(const int64_t version, VersionOf(name, alias));
  if (version == 0) return std::optional<ModelVersion>();
  QUERN_ASSIGN(ModelVersion found, Get(name, version));
  return std::optional<ModelVersion>(std::move(found));
}

Result<std::vector<ModelVersion>> RemoteRegistry::List(const std::string& name) {
  const std::string& model = name.empty() ? experiment_.name() : name;
  std::vector<ModelVersion> versions;
  const auto quoted = FilterValue(model);
  if (!quoted) return versions;
  const auto registered = api_.Get(kModel, {{"name", model}});
  if (!registered && registered.error().code == Code::kNotFound) return versions;
  if (!registered) return std::unexpected(registered.error());
  QUERN_ASSIGN(const auto found, Search("name = " + *quoted));
  for (const json::value& version : found) {
    versions.push_back(ReadModelVersion(version));
    versions.back().aliases.clear();
  }
  // MLflow's own server leaves aliases out of what a search finds.
  const json::object& described = ObjectAt(*registered, "registered_model");
  for (const json::value& alias : ArrayAt(described, "aliases")) {
    const json::object* object = alias.if_object();
    if (object == nullptr) continue;
    for (ModelVersion& version : versions) {
      if (version.version != IntAt(*object, "version").value_or(0)) continue;
      version.aliases.push_back(TextAt(*object, "alias"));
    }
  }
  for (ModelVersion& version : versions) std::sort(version.aliases.begin(), version.aliases.end());
  std::sort(versions.begin(), versions.end(),
            [](const auto& a, const auto& b) { return a.version > b.version; });
  return versions;
}

Status RemoteRegistry::UploadFolder(const std::string& folder, const std::string& to) {
  std::vector<std::string> files;
  QUERN_TRY(FilesBelow(fs_, folder, "", files));
  size_t sent = 0;
  for (const std::string& file : files) {
    QUERN_ASSIGN(const std::string bytes, fs_.Read(JoinPath(folder, file)));
    QUERN_TRY(api_.Upload(to + "/" + file, bytes));
    progress_.Update(++sent, files.size(), "files");
  }
  return {};
}

Status RemoteRegistry::Fetch(const ModelVersion& version, const std::string& folder) {
  QUERN_ASSIGN(const json::value answer,
               api_.Get("model-versions/get-download-uri",
                        {{"name", version.name}, {"version", std::to_string(version.version)}}));
  QUERN_ASSIGN(const std::string path,
               ArtifactPath(api_.url(), TextAt(answer.get_object(), "artifact_uri")));
  return DownloadFolder(path, folder, kDeepest);
}

Status RemoteRegistry::DownloadFolder(const std::string& from, const std::string& to, int depth) {
  if (depth == 0) {
    return Fail(Code::kFailedPrecondition,
                "'" + from + "' of " + api_.url() + " has too many folders in each other");
  }
  QUERN_ASSIGN(const auto entries, api_.ListArtifacts(from));
  for (const Api::Entry& entry : entries) {
    // Base names only: nothing lands outside of the folder.
    if (entry.name.empty() || entry.name == "." || entry.name == "..") continue;
    const std::string path = JoinPath(to, entry.name);
    if (entry.folder) {
      QUERN_TRY(fs_.MakeDirs(path));
      QUERN_TRY(DownloadFolder(from + "/" + entry.name, path, depth - 1));
      continue;
    }
    QUERN_ASSIGN(const std::string bytes, api_.Download(from + "/" + entry.name));
    QUERN_TRY(fs_.WriteAtomic(path, bytes));
  }
  return {};
}

}  // namespace quern::remote
