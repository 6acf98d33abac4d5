#include "cli/trusted_keys.h"

#include "pipeline/project.h"

namespace quern::cli {
namespace {

Result<pipeline::SignatureSpec> Declared(const std::string& state_dir, Fs& fs) {
  if (BaseName(state_dir) != ".quern") return pipeline::SignatureSpec();
  QUERN_ASSIGN(auto project, pipeline::LoadPolicies(DirName(state_dir), fs));
  return project ? std::move(project->signatures) : pipeline::SignatureSpec();
}

}  // namespace

void AddVerifyKey(Verb verb, std::vector<std::string>& keys) {
  verb.AddOption("--verify-key", keys,
                 "PEM file of a public key that may sign models: others are refused. Again for "
                 "more keys (default: registry.signatures of quern.yaml, if it requires them)")
      .OneEachTime();
}

Result<signing::Trust> RequiredTrust(const std::string& state_dir,
                                     const std::vector<std::string>& files, Fs& fs) {
  if (!files.empty()) return signing::Trust::FromFiles(files, fs);
  QUERN_ASSIGN(pipeline::SignatureSpec declared, Declared(state_dir, fs));
  return declared.require ? std::move(declared.trust) : signing::Trust();
}

Result<signing::Trust> KnownTrust(const std::string& state_dir,
                                  const std::vector<std::string>& files, Fs& fs) {
  if (!files.empty()) return signing::Trust::FromFiles(files, fs);
  QUERN_ASSIGN(pipeline::SignatureSpec declared, Declared(state_dir, fs));
  return std::move(declared.trust);
}

}  // namespace quern::cli
