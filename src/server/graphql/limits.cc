#include "server/graphql/limits.h"

#include <algorithm>
#include <set>

#include "base/text.h"

namespace quern::server::graphql {
namespace {

constexpr const char* kRootFields = "MLFLOW_SERVER_GRAPHQL_MAX_ROOT_FIELDS";
constexpr const char* kAliases = "MLFLOW_SERVER_GRAPHQL_MAX_ALIASES";

class Scan {
 public:
  Scan(const Document& document, const Limits& limits) : document_(document), limits_(limits) {}

  std::optional<std::string> Run() {
    for (const Operation& operation : document_.operations) Level(operation.selections, 1);
    const auto most = [](size_t got, size_t allowed, std::string_view what, const char* name) {
      return "GraphQL queries should have at most " + std::to_string(allowed) + " " +
             std::string(what) + ", got " + std::to_string(got) + " " + std::string(what) +
             ". To increase the limit, set the " + name + " environment variable.";
    };
    if (exceeded_) return exceeded_;
    if (root_fields_ > limits_.root_fields) {
      return most(root_fields_, limits_.root_fields, "root fields", kRootFields);
    }
    if (aliases_ > limits_.aliases) return most(aliases_, limits_.aliases, "aliases", kAliases);
    return std::nullopt;
  }

 private:
  /// All fields of one pair of braces, those of fragments included.
  void Level(const std::vector<Selection>& selections, size_t depth) {
    if (depth > limits_.depth) {
      exceeded_ = "Query exceeds maximum depth of " + std::to_string(limits_.depth);
      return;
    }
    std::vector<const Selection*> fields;
    std::set<std::string_view> spread;
    Collect(selections, &fields, &spread);
    size_t aliases = 0;
    for (const Selection* field : fields) {
      if (exceeded_) return;
      if (depth == 1) ++root_fields_;
      if (!field->alias.empty()) ++aliases;
      if (!field->selections.empty()) Level(field->selections, depth + 1);
    }
    aliases_ = std::max(aliases_, aliases);
  }

  void Collect(const std::vector<Selection>& selections, std::vector<const Selection*>* fields,
               std::set<std::string_view>* spread) {
    for (const Selection& selection : selections) {
      if (++selections_ > limits_.selections) {
        exceeded_ =
            "Query exceeds maximum total selections of " + std::to_string(limits_.selections);
      }
      if (exceeded_) return;
      if (selection.kind == Selection::Kind::kField) {
        fields->push_back(&selection);
      } else if (selection.kind == Selection::Kind::kInline) {
        Collect(selection.selections, fields, spread);
      } else if (spread->insert(selection.name).second) {
        if (const Fragment* fragment = document_.Find(selection.name)) {
          Collect(fragment->selections, fields, spread);
        }
      }
    }
  }

  const Document& document_;
  const Limits& limits_;
  std::optional<std::string> exceeded_;
  size_t root_fields_ = 0;
  size_t aliases_ = 0;
  size_t selections_ = 0;
};

}  // namespace

Result<Limits> ReadLimits(const std::function<const char*(const char*)>& environment) {
  Limits limits;
  for (const auto& [name, limit] :
       {std::pair{kRootFields, &limits.root_fields}, std::pair{kAliases, &limits.aliases}}) {
    const char* const text = environment(name);
    if (text == nullptr) continue;
    const std::optional<int64_t> number = ParseInt(text);
    if (!number || *number < 1) {
      return Fail(Code::kInvalidArgument,
                  std::string(name) + " is '" + text + "', which is no positive number",
                  "unset it for 10");
    }
    *limit = static_cast<size_t>(*number);
  }
  return limits;
}

std::optional<std::string> Exceeded(const Document& document, const Limits& limits) {
  return Scan(document, limits).Run();
}

}  // namespace quern::server::graphql
