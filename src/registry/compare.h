#pragma once
// Two versions side by side.
#include "base/json.h"
#include "registry/dossier.h"

namespace quern::registry {

/// {a: {name, version}, b: {…}, rows: [{section, name, a, b, same, change}], same: {SECTION: n}}.
/// Sections in order: contest, version, metrics (a and b are {value, low, high}; `change` is b -
/// a), slices, gates ({status, observed}), parameters, schema, features, data, package, service.
/// What one version lacks is null there. `everything` keeps rows that are the same, which are only
/// counted otherwise.
///
/// Rows of metrics and slices have `rows`: {a, b, same}, on which rows each was measured (a text or
/// null), and whether those are the same (null if not known). On other rows there is no `change`:
/// the difference may be that of the rows. A contest is the trial of a retrained version against
/// the champion that it replaced, on the same rows, with the paired `difference` {value, low,
/// high}.
json::value CompareVersions(const Dossier& a, const Dossier& b, bool everything);

}  // namespace quern::registry
