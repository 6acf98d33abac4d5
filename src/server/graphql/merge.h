#pragma once
// Fields that share a name in an answer are answered once, so they must ask for the same.
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "server/graphql/document.h"

namespace quern::server::graphql {

/// Nodes by the name under which they are answered, in the order of the document.
using FieldGroups = std::vector<std::pair<std::string_view, std::vector<const Selection*>>>;

/// All fields of the selections, those of fragments included. `wanted` says whether one is to be
/// taken, by its directives.
FieldGroups CollectFields(const Document& document,
                          const std::vector<const std::vector<Selection>*>& selections,
                          const std::function<bool(const std::vector<Directive>&)>& wanted);

/// The selections of several nodes.
std::vector<const std::vector<Selection>*> InnerSelections(
    const std::vector<const Selection*>& nodes);

/// What asks for two things under one name. Fragments must have no cycles.
std::vector<std::string> MergeConflicts(const Document& document);

}  // namespace quern::server::graphql
