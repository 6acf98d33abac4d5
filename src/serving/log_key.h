#pragma once
// The key of hashed columns: made once for a state folder and kept there.
#include <string>

#include "base/fs.h"
#include "base/result.h"

namespace quern::serving {

/// 32 bytes, of `keys/prediction_log.key` in the state folder; made if there is none, in a folder
/// that only its owner may open. kDataLoss if the file holds something else: hashes under another
/// key would match nothing that was logged before.
Result<std::string> PredictionLogKey(Fs& fs, const std::string& state_dir);

}  // namespace quern::serving
