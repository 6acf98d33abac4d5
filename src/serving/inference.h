#pragma once
// The heart of serving: one call in, one answer out, whatever protocol it came by.
#include <cstddef>

#include "base/arena.h"
#include "base/result.h"
#include "base/time.h"
#include "serving/batcher.h"
#include "serving/catalog.h"
#include "serving/inference_call.h"
#include "serving/prediction_sink.h"

namespace quern::serving {

struct InferenceOptions {
  /// Threads for one large batch; 0 = the cores of this process.
  size_t threads = 0;
  /// Rows x inputs of a batch beyond which it is split over threads, and beyond which a front that
  /// must not wait hands it to another thread.
  size_t large_elements = size_t{1} << 16;
  /// Of models whose requests may be scored together; they have a Batcher.
  BatchOptions batch = {};
};

/// Thread-safe; borrows what it is made of. `sink` may be null: then nothing is kept.
class InferenceService {
 public:
  InferenceService(const Catalog& catalog, const Clock& clock, PredictionSink* sink,
                   InferenceOptions options = {});

  /// The model that a call asks for. kNotFound.
  Result<ServedModelPtr> Find(std::string_view model, std::string_view version) const;

  /// Matches the inputs, scores, checks, counts and keeps. kNotFound: no such model;
  /// kInvalidArgument: the inputs, an output or a parameter (they are named); kDeadlineExceeded;
  /// kInternal: the engine failed, or answered with a score that is no number; kUnavailable: the
  /// prediction could not be kept. After warm-up allocates from `arena` alone, if the engine and
  /// the sink do. Does not count the request as such: fronts know what they answered.
  Result<InferenceAnswer> Infer(const InferenceCall& call, Arena& arena) const;
  /// The same by a model that was found before (its name and version in `call` are not looked at).
  Result<InferenceAnswer> Infer(ServedModelPtr served, const InferenceCall& call,
                                Arena& arena) const;

  /// True if a call with inputs of that many elements may take long or wait for a disk: an event
  /// loop should hand it to a thread.
  bool MayTakeLong(size_t elements) const {
    return elements > options_.large_elements || (sink_ != nullptr && sink_->blocks());
  }
  const BatchOptions& batch() const { return options_.batch; }

 private:
  const Catalog& catalog_;
  const Clock& clock_;
  PredictionSink* sink_;
  InferenceOptions options_;
};

}  // namespace quern::serving
