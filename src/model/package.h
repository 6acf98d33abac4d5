#pragma once
// The model package: an MLflow model directory that holds data only, so that MLflow, ONNX Runtime
// and anything else open it.
//
//   MLmodel                      flavors onnx and python_function, signature of named tensors
//   model.onnx                   the graph
//   quern.json                   schema, classes, threshold, metrics, reference profile
//   lineage.json                 time and ids: the only part besides MLmodel outside of the digest
//   background.json              a sample of the training rows, for explanations, if one is kept
//   input_example.json, serving_input_example.json
//   requirements.txt, conda.yaml, python_env.yaml
#include <cstdint>
#include <optional>
#include <string>

#include "base/frame.h"
#include "base/fs.h"
#include "base/result.h"
#include "ml/fitted.h"
#include "model/signature.h"

namespace quern::model {

/// What goes into a package. JSON texts must parse; "" is null. Borrows the pipeline.
struct PackageSpec {
  const ml::FittedPipeline* pipeline = nullptr;
  /// The graph, if it was built already; "" lets WritePackage build it.
  std::string onnx;
  /// A few rows with the raw columns, in any order; missing values are written as null.
  Frame example;
  /// Training rows that explanations compare with, as `example`; absent: none are kept.
  std::optional<Frame> background;
  std::string metrics_json;    // {NAME: {value, low, high}}
  std::string reference_json;  // profile of the training rows, for drift
  std::string pipeline_json;   // what the user declared
  /// Ids of run, snapshots and the like: kept, but outside of the digest.
  std::string lineage_json;
  int64_t created_ms = 0;  // outside of the digest
};

struct PackageInfo {
  std::string path;
  /// SHA-256 over the reproducible part of every file: same model, same digest.
  std::string digest;
  std::string model_uuid;  // 32 hex digits, from the digest
  std::string created;     // "2026-11-24T16:54:29.123Z"
  std::string program_version;
  uint64_t bytes = 0;
  Signature signature;
  std::string learner;
  std::vector<std::string> feature_names;
  /// The columns of the signature, in its order.
  std::optional<Frame> background;
  /// None are kept on purpose. Packages of older programs have none and say nothing of it.
  bool leaves_out_background = false;
  /// JSON texts as they were given; "null" where nothing was.
  std::string metrics_json;
  std::string reference_json;
  std::string pipeline_json;
  std::string lineage_json;
};

/// Writes a whole package and then moves it into place: `dir` either holds all of it or does not
/// exist. kAlreadyExists if `dir` is there; kInvalidArgument for what BuildOnnx refuses, for text
/// that is no JSON, or for an example without a raw column.
Result<PackageInfo> WritePackage(const PackageSpec& spec, const std::string& dir, Fs& fs);

/// Reads and verifies. kNotFound: no folder, or no package in it; kDataLoss: a file is missing, is
/// not what it says, or the digest does not match; kFailedPrecondition: written by a newer program.
Result<PackageInfo> ReadPackage(const std::string& dir, Fs& fs);

}  // namespace quern::model
