#pragma once
// What in a profile would hurt a model, in words, most harmful first.
#include <vector>

#include "data/profile.h"

namespace quern::data {

/// Rules of a finished profile (counts and relations filled). Kinds, each with its rule:
///   target_one_class, target_missing (any), imbalance (smallest class under 20 %),
///   empty (no rows), all_missing, missing (over 1 %), constant, zeros (no value lies between 0 and
///   the bulk of the others), infinite, mixed_types (most but not all texts are numbers),
///   target_leak (AUC, V, eta or |rho| with the target over 0.98), duplicates, id_like,
///   high_cardinality (over 50), high_correlation (|r|, V or eta of 0.9), outliers (over 5 % by IQR
///   or 1 % by modified z, of three values or more), skew (|G1| over 2).
/// Harm is a judgement on 0…1: what breaks or fools training is above 0.7, what costs accuracy
/// above 0.3, what is good to know below; shares of affected rows raise it.
std::vector<Alert> FindAlerts(const TableProfile& profile);

}  // namespace quern::data
