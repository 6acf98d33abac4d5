#pragma once
// What `quern serve` keeps of its predictions: options, and what quern.yaml says under
// `deployment: log:`.
#include <string>
#include <vector>

#include "base/fs.h"
#include "base/result.h"
#include "cli/verb.h"
#include "serving/prediction_log.h"

namespace quern::cli {

struct ServeLogArgs {
  bool off = false;
  std::string durability = "process";
  std::string when_full = "refuse";
  double share = -1;  // -1: what the project says
  std::vector<std::string> columns;
  std::vector<std::string> hashed;
  std::string retention;
};

void AddServeLogOptions(Verb verb, ServeLogArgs& args);

/// For a project whose state folder that is. Options go before the project file. kInvalidArgument
/// naming the option, or the place in quern.yaml.
Result<serving::PredictionLogOptions> PredictionLogOptionsOf(const ServeLogArgs& args,
                                                             const std::string& state_dir, Fs& fs);

}  // namespace quern::cli
