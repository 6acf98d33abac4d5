#pragma once
// Verdicts in words; inside of deploy/ only.
#include <string>

#include "deploy/judge.h"

namespace quern::deploy {

/// "errors of version 8 are more frequent than of version 7: 12 of 180 (6.7 %, 2.6–13.1 %) …".
std::string SentenceOf(const Comparison& comparison, const Verdict& verdict);

}  // namespace quern::deploy
