#pragma once
// The signature that a registry keeps with a version, and what a gate says of it.
#include <string>
#include <vector>

#include "registry/gate.h"
#include "registry/policy.h"
#include "registry/types.h"

namespace quern::registry {

/// The bundle that is kept with the version; "" if it is not signed.
std::string SignatureOf(const ModelVersion& version);
/// The beginning of the fingerprint of the key that a bundle names, not checked; "" for "".
std::string SignerOf(const std::string& bundle);

/// What the policy's signers ask for, if it has any: one of them signed a statement over the
/// package of this version. That the files are still those is checked when they are loaded.
Status AddSignature(const ModelVersion& version, const AliasPolicy& policy,
                    std::vector<GateItem>& items);

}  // namespace quern::registry
