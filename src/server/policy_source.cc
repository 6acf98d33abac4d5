#include "server/policy_source.h"

namespace quern::server {

Result<std::optional<PolicyDeclaration>> DeclarationOf(const PolicySource& source,
                                                       const std::string& model) {
  if (source == nullptr) return std::optional<PolicyDeclaration>();
  QUERN_ASSIGN(std::optional<PolicyDeclaration> found, source());
  if (found && found->project != model) found.reset();
  return found;
}

Status MayChangePolicies(const PolicySource& source, const std::string& model) {
  const auto found = DeclarationOf(source, model);
  if (!found) {
    return Fail(Code::kFailedPrecondition,
                "the project file beside the store may declare the policies of " + model +
                    ", and cannot be read: " + found.error().ToString());
  }
  if (const auto& declared = *found) {
    return Fail(Code::kFailedPrecondition,
                "the policies of " + model + " are declared in " + declared->where +
                    ", which every run of the project sets them to",
                "change `registry:` there; the next `quern run` or `quern models` takes it over");
  }
  return {};
}

}  // namespace quern::server
