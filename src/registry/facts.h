#pragma once
// What is true of a version wherever it is, for copies of it: its records stay where it was made.
#include <string>

#include "registry/dossier.h"

namespace quern::registry {

/// The tag of a copy that holds what TravellingFacts gave.
inline constexpr char kFactsTag[] = "quern.facts";

/// The parts of a dossier that its card and comparisons need and the package does not hold: the
/// charter's answers, the data that it learned from, how it was evaluated, why it was made. Of its
/// service and of decisions nothing: these are of one registry. JSON that a tag may hold, without
/// slices if it would be too long with them; "" if there is nothing to tell.
std::string TravellingFacts(const Dossier& dossier);

/// Puts what the tag kFactsTag says where the store has no record of its own.
void FillFromFacts(Dossier& dossier);

}  // namespace quern::registry
