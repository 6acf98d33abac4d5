#pragma once
// What serving asks of a model: its raw inputs, and scores for rows. Anything that scores can be served.
#include <string>
#include <vector>

#include "base/frame.h"
#include "base/result.h"
#include "ml/fitted.h"
#include "ml/spec.h"

namespace quern::serving {

struct Signature {
  ml::Task task = ml::Task::kBinary;
  /// Raw columns in order; all are required, a value may be missing.
  std::vector<ml::InputColumn> inputs;
  /// Labels in index order (binary: negative, positive); empty for regression.
  std::vector<std::string> classes;
  /// Every label is a number: it is sent as one.
  bool numeric_classes = false;
  /// Binary: positive if P(positive) >= threshold.
  double threshold = 0.5;
};

/// Immutable and thread-safe once made.
class ScoringModel {
 public:
  virtual ~ScoringModel() = default;
  virtual const Signature& signature() const = 0;
  /// `rows` holds the signature's columns, in its order, at least one row.
  virtual Result<ml::Scores> Score(const Frame& rows) const = 0;
};

}  // namespace quern::serving
