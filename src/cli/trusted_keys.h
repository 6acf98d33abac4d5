#pragma once
// Inside of cli/ only: whose signatures a verb asks for before it loads a model.
#include <string>
#include <vector>

#include "base/fs.h"
#include "cli/command.h"
#include "signing/trust.h"

namespace quern::cli {

/// --verify-key, again and again.
void AddVerifyKey(Verb verb, std::vector<std::string>& keys);

/// The keys of which one must have signed every model: those in `files`, else those that the
/// quern.yaml beside the state folder requires, else none.
Result<signing::Trust> RequiredTrust(const std::string& state_dir,
                                     const std::vector<std::string>& files, Fs& fs);
/// The keys that count, required or not.
Result<signing::Trust> KnownTrust(const std::string& state_dir,
                                  const std::vector<std::string>& files, Fs& fs);

}  // namespace quern::cli
