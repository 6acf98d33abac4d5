#pragma once
// What serving asks of a model: its raw inputs, and scores for rows. Anything that scores can be
// served.
#include "base/frame.h"
#include "base/result.h"
#include "ml/fitted.h"
#include "model/signature.h"

namespace quern::serving {

/// Raw inputs (all required, a value may be missing), classes, threshold.
using model::Signature;

/// How class labels are sent: as text unless every class is a number, then as integers if all are
/// whole (the type of the package's output `label`).
enum class LabelType { kText, kInteger, kDouble };
LabelType LabelTypeOf(const Signature& signature);

/// Immutable and thread-safe once made.
class ScoringModel {
 public:
  virtual ~ScoringModel() = default;
  virtual const Signature& signature() const = 0;
  /// `rows` holds the signature's columns, in its order, at least one row.
  virtual Result<ml::Scores> Score(const Frame& rows) const = 0;
};

}  // namespace quern::serving
