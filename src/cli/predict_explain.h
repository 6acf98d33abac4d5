#pragma once
// quern predict --explain: which columns speak for each answer.
#include <cstddef>
#include <string>

#include "base/frame.h"
#include "cli/command.h"

namespace quern::cli {

struct ExplainArgs {
  bool wanted = false;
  size_t top = 5;
  size_t evaluations = 20'000;
  std::string scale = "score";
};

void AddExplainOptions(Verb verb, ExplainArgs& args);

/// Explains all rows by the package in `dir`, as its server would, and prints pictures of bars, or
/// with --json what the server answers. `output`: a file for that JSON instead.
Status ExplainRows(const std::string& dir, const Frame& rows, const ExplainArgs& args,
                   const std::string& output, Context& context);

}  // namespace quern::cli
