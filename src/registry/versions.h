#pragma once
// Model versions: numbers below a registered model that are given once and never again.
#include <string>
#include <vector>

#include "registry/context.h"

namespace quern::registry {

struct NewVersion {
  std::string name;
  std::string source;
  std::string run_id;    // "": that of the source, if it has one
  std::string model_id;  // "": that of the source, if it has one
  std::string run_link;
  std::string description;
  std::string user_id;
  Texts tags;
  std::string reason = {};  // for the log; "" is the source
};

/// Thread-safe as the database is. Unknown and deleted versions are kNotFound; every change is
/// logged and moves the times of version and model.
class ModelVersions {
 public:
  explicit ModelVersions(const RegistryContext& context) : context_(context) {}

  /// The source is checked (source.h) and resolved: `models:/m-…` stores where that logged model's
  /// files are and inherits its run, `models:/name/3` does so from that version.
  Result<ModelVersion> Create(const NewVersion& version);
  Result<ModelVersion> Get(const std::string& name, int64_t version);
  Result<ModelVersion> Describe(const std::string& name, int64_t version,
                                const std::string& description);
  /// The number stays taken; all else is wiped, its aliases too.
  Status Delete(const std::string& name, int64_t version, const std::string& reason = "");
  Status SetTag(const std::string& name, int64_t version, const std::string& key,
                const std::string& value);
  /// A tag that is not there is no error.
  Status DeleteTag(const std::string& name, int64_t version, const std::string& key);
  /// `archive_existing` moves those that are in the stage to Archived; only for Staging and
  /// Production.
  Result<ModelVersion> MoveTo(const std::string& name, int64_t version, const std::string& stage,
                              bool archive_existing);
  /// Where the files are.
  Result<std::string> DownloadUri(const std::string& name, int64_t version);
  /// Filter and order: docs/search.md. Prompts are left out unless the filter asks for them.
  Result<Page<ModelVersion>> Search(const SearchRequest& request);

 private:
  /// What Create found out about a source.
  struct Origin {
    std::string source;
    std::string storage;
    std::string run_id;
    std::string model_id;
    ModelVersion copied;  // of models:/name/3: digest, path and detail of a package
  };
  Result<Origin> Resolve(const NewVersion& version);
  Result<Origin> ResolveRegistered(const NewVersion& version, const std::string& reference_name,
                                   const std::string& alias, const std::string& number);
  Result<Origin> ResolveLogged(const NewVersion& version, const std::string& model_id);
  Result<Origin> ResolveRun(const NewVersion& version);
  Result<ModelVersion> Newest(const std::string& name, const std::string& stage);
  Status Insert(const NewVersion& version, const Origin& origin, int64_t number);
  Status LinkLoggedModel(const std::string& model_id, const std::string& name, int64_t version);
  Result<bool> OfPrompt(const std::string& name);
  RegistryContext context_;
};

}  // namespace quern::registry
