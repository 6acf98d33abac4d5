#pragma once
// Inside of exchange/ only: names of other stores that this one would not take.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "exchange/report.h"
#include "tracking/transfer.h"

namespace quern::exchange {

/// An id as part of a path: letters, digits, '_' and '-'. kInvalidArgument for any other.
Status CheckId(const std::string& id, const std::string& what);

/// Takes out what has a name that clients could not have given, and tells it.
void DropBadKeys(tracking::Texts& texts, const std::string& owner, Report& report);
void DropBadKeys(tracking::RunRecord& record, Report& report);
void DropBadKeys(tracking::ModelRecord& record, Report& report);

/// Whether a place for artifacts is a folder, or behind a server: nothing that clients of another
/// machine reach by themselves.
bool IsOfMachine(const std::string& uri);

/// Those of `names`, or all of them if there are no names. kNotFound, with those that there are.
Result<std::vector<tracking::Experiment>> ChooseExperiments(std::vector<tracking::Experiment> all,
                                                            const std::vector<std::string>& names);

/// A URI in or below a place that was moved, as it is now; `moved`: from where, to where.
std::optional<std::string> MovedUri(const std::map<std::string, std::string>& moved,
                                    const std::string& uri);

}  // namespace quern::exchange
