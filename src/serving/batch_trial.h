#pragma once
// Whether the rows of a model may be scored together with those of others, and whether that pays:
// tried when it is loaded.
#include <cstddef>
#include <string>

#include "model/engine.h"

namespace quern::serving {

struct BatchTrial {
  /// Empty if batching is sound and pays; else why it is not done.
  std::string against;
  /// Rows of the trial, and microseconds for one of them: run by itself, and together.
  size_t rows = 0;
  double alone_us = 0;
  double together_us = 0;
};

/// Scores a few rows of made-up values (the same each time) one by one and together. Against it
/// speak: an input or output without an open first dimension; values that the model does not take;
/// answers that depend on the rows beside them (labels and whole numbers must be equal, scores to
/// 1e-5 of their size, of half precision to 1e-2); and a row that is not a fifth cheaper in
/// company. Takes some ten runs of the model, fewer if it is slow.
BatchTrial TryBatch(const model::Engine& engine);

}  // namespace quern::serving
