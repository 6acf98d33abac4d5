#pragma once
// Scores raw rows by a packaged model: the only way in which evaluation, server and commands score.
#include <memory>
#include <string>

#include "base/frame.h"
#include "base/fs.h"
#include "base/result.h"
#include "ml/fitted.h"
#include "model/engine_choice.h"
#include "model/package.h"
#include "model/signature.h"

namespace quern::model {

/// A model with its signature, ready to score. Thread-safe: any number of threads may Score at
/// once.
class Scorer {
 public:
  /// From a package, verified. Errors of ReadPackage; kDataLoss if graph and quern.json disagree.
  static Result<std::unique_ptr<Scorer>> Load(const std::string& package_dir, Fs& fs = RealFs());
  /// From a fitted pipeline: the graph that its package would hold.
  static Result<std::unique_ptr<Scorer>> FromPipeline(
      const ml::FittedPipeline& pipeline, EnginePreference preference = EnginePreference::kAuto);
  /// From a graph and its signature. Errors of ChooseEngine.
  static Result<std::unique_ptr<Scorer>> Make(
      Signature signature, std::string_view onnx,
      EnginePreference preference = EnginePreference::kAuto);

  const Signature& signature() const { return signature_; }
  /// Of the package that it was loaded from; empty otherwise.
  const PackageInfo& package() const { return package_; }
  const Engine& engine() const { return *chosen_.engine; }
  /// Which engine scores, and why.
  const EnginePlan& plan() const { return chosen_.plan; }

  /// Raw columns by name, in any order; further columns are ignored. Text that is a number serves a
  /// number column and a number serves a text column (in its shortest form). kInvalidArgument: a
  /// column is absent (the message names all of them), or a text is no number (column, row and
  /// value are named).
  Result<ml::Scores> Score(const Frame& frame) const;

 private:
  Scorer(Signature signature, ChosenEngine chosen);
  Status CheckGraph() const;
  Status ScoreChunk(std::span<const Column* const> columns, size_t first, size_t count,
                    Arena& arena, ml::Scores& scores) const;
  Status ReadLabels(const TensorView& tensor, size_t count, ml::Scores& scores) const;

  Signature signature_;
  ChosenEngine chosen_;
  PackageInfo package_;
  size_t label_output_ = 0;   // positions among the graph's outputs
  size_t scores_output_ = 0;  // probabilities or prediction
};

}  // namespace quern::model
