#pragma once
// A model that is served: what runs it, what is known of its inputs and outputs, what it counted.
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/engine.h"
#include "model/signature.h"
#include "serving/model_metrics.h"

namespace quern::serving {

class Background;
class Batcher;

using model::DataType;
using model::Signature;
using model::TensorSpec;
using model::TensorView;

/// What MLflow's file MLmodel says of inputs and outputs.
struct MlflowSignature {
  struct Column {
    std::string name;
    /// "double", "long", "string", … (ColSpec), or "float64", "str", … (TensorSpec).
    std::string type;
    bool required = true;
  };
  std::vector<Column> inputs;
  /// True if the inputs are one or more tensors, false if they are columns of a table.
  bool tensors = false;
};

/// A column of a table that the model takes, and where its values go.
struct InputColumn {
  std::string name;
  bool is_text = false;
  /// May be absent from a request: it is missing then.
  bool optional = false;
};

/// How a table becomes the engine's inputs.
enum class InputForm {
  kColumns,  // one input [N] or [N,1] per column
  kMatrix,   // a single input [N,F] that holds all columns
  kTensors,  // anything else: tensors by name, no table
};

/// What MakeServedModel is given.
struct ModelParts {
  std::string name;
  std::string version;
  std::shared_ptr<const model::Engine> engine;
  /// Of a package of ours; it knows classes, threshold and how many rows fit into one call.
  std::optional<Signature> signature;
  std::optional<MlflowSignature> mlflow;
  std::map<std::string, std::string> metadata;
  /// Where it came from, for people: a folder, a file, a version of the registry.
  std::string source;
  int64_t loaded_at = 0;  // milliseconds since the epoch
  /// A package of ours that holds no background rows, as its project wants none kept.
  bool leaves_out_background = false;
};

/// Immutable but for its counters; shared by the requests that use it.
class ServedModel {
 public:
  /// kInvalidArgument: the signature speaks of other inputs, outputs or classes than the engine
  /// has.
  static Result<ServedModel> Make(ModelParts parts);

  const std::string& name() const { return parts_.name; }
  const std::string& version() const { return parts_.version; }
  const model::Engine& engine() const { return *parts_.engine; }
  const std::shared_ptr<const model::Engine>& shared_engine() const { return parts_.engine; }
  const std::optional<Signature>& signature() const { return parts_.signature; }
  const std::optional<MlflowSignature>& mlflow() const { return parts_.mlflow; }
  const std::map<std::string, std::string>& metadata() const { return parts_.metadata; }
  const std::string& source() const { return parts_.source; }
  int64_t loaded_at() const { return parts_.loaded_at; }

  InputForm form() const { return form_; }
  /// Of the table, in the engine's order. kMatrix without a signature: as many as the engine's
  /// input is wide, with empty names; none if that is open. kTensors: none.
  const std::vector<InputColumn>& columns() const { return columns_; }
  bool named_columns() const { return named_columns_; }
  /// Position among columns(). `guess` is looked at first: requests mostly keep the order.
  std::optional<size_t> FindColumn(std::string_view name, size_t guess = 0) const;
  std::optional<size_t> FindInput(std::string_view name, size_t guess = 0) const;
  std::optional<size_t> FindOutput(std::string_view name) const;

  /// The output that holds the decision of each row, and the one with its scores ([N], [N,1] or
  /// [N,C] of floating point), if there are such.
  std::optional<size_t> label_output() const { return label_output_; }
  std::optional<size_t> score_output() const { return score_output_; }
  /// Rows are scored each for itself, so that a batch may be cut.
  bool row_wise() const { return row_wise_; }
  /// Rows of one call of the engine; 0 = any number.
  size_t rows_per_call() const { return parts_.signature ? parts_.signature->rows_per_call : 0; }

  /// Rows that explanations compare with; null if there are none.
  const std::shared_ptr<const Background>& background() const { return background_; }
  bool leaves_out_background() const { return parts_.leaves_out_background; }
  /// Before the model is shared.
  void CompareWith(std::shared_ptr<const Background> rows) { background_ = std::move(rows); }

  /// Where requests of several threads become one run; null if each is scored by itself.
  Batcher* batcher() const { return batcher_.get(); }
  void SetBatcher(std::shared_ptr<Batcher> batcher) { batcher_ = std::move(batcher); }

  ModelMetrics& metrics() const { return *metrics_; }
  /// Counters of the version that this one replaces, to go on counting.
  void ShareMetrics(std::shared_ptr<ModelMetrics> metrics) { metrics_ = std::move(metrics); }
  const std::shared_ptr<ModelMetrics>& shared_metrics() const { return metrics_; }

 private:
  explicit ServedModel(ModelParts parts) : parts_(std::move(parts)) {}
  Status ChooseForm();
  Status NameMatrixColumns(size_t width);
  Status ChooseOutputs();
  void IndexNames();

  ModelParts parts_;
  InputForm form_ = InputForm::kTensors;
  std::vector<InputColumn> columns_;
  bool named_columns_ = false;
  std::vector<uint32_t> columns_by_name_;
  std::vector<uint32_t> inputs_by_name_;
  std::optional<size_t> label_output_;
  std::optional<size_t> score_output_;
  bool row_wise_ = false;
  std::shared_ptr<ModelMetrics> metrics_;
  std::shared_ptr<const Background> background_;
  std::shared_ptr<Batcher> batcher_;
};
using ServedModelPtr = std::shared_ptr<const ServedModel>;

}  // namespace quern::serving
