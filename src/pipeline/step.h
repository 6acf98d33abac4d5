#pragma once
// A step of the life cycle: what it needs, what it reads, and how it is done. The key of a step is
// a digest of everything that can change its result; equal key, equal output.
#include <boost/json.hpp>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/json.h"
#include "base/progress.h"
#include "base/result.h"

namespace quern::pipeline {

/// One thing that a step reads: "param:training.seed" = "7", "file:data/a.csv" = its digest.
struct KeyPart {
  std::string name;
  std::string value;
};

enum class Outcome { kOk, kGateFailed, kCheckFailed };

/// What a step leaves behind.
struct StepOutput {
  json::value record;
  /// Digest of what later steps can depend on: without times, ids and measured latencies.
  std::string digest;
  Outcome outcome = Outcome::kOk;
  /// It waits for people: kept for the record, but made anew by the next run.
  bool waits = false;
  std::string message;             // why a gate or check failed; a line worth showing otherwise
  std::vector<std::string> files;  // paths below .quern that must exist for the result to be reused
};

/// What a running step may use.
class StepContext {
 public:
  virtual ~StepContext() = default;
  /// Output of a step that this one needs.
  virtual const StepOutput& Output(const std::string& step) const = 0;
  virtual bool Has(const std::string& step) const = 0;
  virtual Progress& progress() = 0;
  virtual const CancelToken& cancel() const = 0;
  virtual const std::string& pipeline_run_id() const = 0;
  /// The key under which this step's result will be stored.
  virtual const std::string& key() const = 0;
};

struct Step {
  std::string id;     // "ingest:cleveland"
  std::string phase;  // "ingest"
  std::vector<std::string> needs;
  /// Steps that must have run before, whatever they found: a failed one does not skip this step.
  std::vector<std::string> after;
  /// Parameters and the version of the step's own code.
  std::vector<KeyPart> parts;
  /// Files read from outside; their digests join the key.
  std::vector<std::string> input_files;
  /// Runs even when something before it failed (the report).
  bool always = false;
  std::function<Result<StepOutput>(StepContext&)> run;
};

/// Steps in an order in which every step comes after what it needs.
struct Graph {
  std::vector<Step> steps;
  const Step* Find(const std::string& id) const;
  std::vector<std::string> Ids() const;
};

}  // namespace quern::pipeline
