#pragma once
// What `quern serve` writes down: predictions, as options and quern.yaml's `deployment: log:` say,
// a line for each request, and traces.
#include <string>
#include <vector>

#include "base/fs.h"
#include "base/result.h"
#include "cli/verb.h"
#include "server/serve.h"
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
  std::string access_log;
  uint64_t access_log_max = 100u << 20;
  std::string otlp_endpoint;
  double trace_share = 1;
};

void AddServeLogOptions(Verb verb, ServeLogArgs& args);

/// Sets the access log and the tracing of `options`.
void SetObserving(const ServeLogArgs& args, server::ServeOptions* options);

/// For a project whose state folder that is. Options go before the project file. kInvalidArgument
/// naming the option, or the place in quern.yaml.
Result<serving::PredictionLogOptions> PredictionLogOptionsOf(const ServeLogArgs& args,
                                                             const std::string& state_dir, Fs& fs);

}  // namespace quern::cli
