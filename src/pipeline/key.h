#pragma once
// How the key of a step is made, shared by planning and running.
#include <map>
#include <string>
#include <vector>

#include "pipeline/cache.h"
#include "pipeline/executor.h"
#include "pipeline/step.h"

namespace quern::pipeline {

/// Everything that can change the step's result, in a fixed order. `outputs`: of the steps before
/// it.
Result<std::vector<KeyPart>> PartsOf(const Step& step, Cache& cache,
                                     const std::map<std::string, StepOutput>& outputs);
std::string KeyOf(const std::string& step, const std::vector<KeyPart>& parts);
/// Names of the parts that differ: "param:training.seed, input:a.csv".
std::string WhyDifferent(const std::vector<KeyPart>& before, const std::vector<KeyPart>& now);
/// Whether one of `names` is the step's id or phase.
bool Names(const std::vector<std::string>& names, const Step& step);

/// The plan of a graph that is already selected; `outputs` receives the stored outputs of the steps
/// that are up to date.
Result<std::vector<StepState>> PlanInto(const Graph& selected, Cache& cache,
                                        const RunOptions& options,
                                        std::map<std::string, StepOutput>& outputs);

}  // namespace quern::pipeline
