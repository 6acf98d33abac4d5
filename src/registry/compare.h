#pragma once
// Two versions side by side.
#include "base/json.h"
#include "registry/dossier.h"

namespace quern::registry {

/// {a: {name, version}, b: {…}, rows: [{section, name, a, b, same, change}], same: {SECTION: n}}.
/// Sections in order: version, metrics (a and b are {value, low, high}; `change` is b - a), slices,
/// parameters, schema, features, data, package, service. What one version lacks is null there.
/// `everything` keeps rows that are the same, which are only counted otherwise.
json::value CompareVersions(const Dossier& a, const Dossier& b, bool everything);

}  // namespace quern::registry
