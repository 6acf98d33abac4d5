#include "registry/ask_gate.h"

#include "base/text.h"
#include "registry/reviews.h"

namespace quern::registry {

Result<std::string> VersionNumber(PackageRegistry& registry, const std::string& model,
                                  const std::string& text) {
  if (const auto number = ParseInt(text)) {
    QUERN_TRY(registry.Get(model, *number));
    return std::to_string(*number);
  }
  QUERN_ASSIGN(const auto version, registry.ByAlias(model, text));
  if (version) return std::to_string(version->version);
  return Fail(Code::kNotFound, "model '" + model + "' has no version or alias '" + text + "'",
              "`quern models " + model + "` lists them");
}

Result<GateReport> AskGate(store::Database& database, const Clock& clock, const std::string& model,
                           const std::string& alias, int64_t version, const Passage& passage) {
  QUERN_ASSIGN(auto gate, JudgeGate(database, model, alias, version));
  if (gate.open || !passage.force) return gate;
  Reviews reviews(database, clock, passage.actor);
  QUERN_TRY(reviews.Override(model, alias, version, passage.reason));
  return JudgeGate(database, model, alias, version);
}

}  // namespace quern::registry
