#include "model/scorer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <list>

#include "base/text.h"
#include "model/onnx_build.h"

namespace quern::model {
namespace {

std::string InputNames(const Signature& signature, bool text) {
  std::vector<std::string> names;
  for (const ml::InputColumn& input : signature.inputs) {
    if (!text || input.is_text) names.push_back(input.name);
  }
  return Join(names, ", ");
}

Result<Column> ToNumbers(const Column& column) {
  Column out;
  out.name = column.name;
  out.numbers.reserve(column.texts.size());
  for (size_t row = 0; row < column.texts.size(); ++row) {
    const std::string_view text = Trim(column.texts[row]);
    const std::optional<double> number = ParseDouble(text);
    if (!text.empty() && !number) {
      return Fail(Code::kInvalidArgument,
                  fmt::format("column '{}', row {}: '{}' is no number", column.name, row + 1, text),
                  "the model was trained on numbers; leave missing values empty");
    }
    out.numbers.push_back(number.value_or(std::nan("")));
  }
  return out;
}

Column ToTexts(const Column& column) {
  Column out;
  out.name = column.name;
  out.is_text = true;
  for (double number : column.numbers) {
    out.texts.push_back(std::isnan(number) ? std::string() : ShortestDouble(number));
  }
  return out;
}

/// The model's columns in its order. Those that had to be converted live in `converted`, the others
/// in the frame.
Result<std::vector<const Column*>> Pick(const Signature& signature, const Frame& frame,
                                        std::list<Column>& converted) {
  std::vector<const Column*> picked;
  std::vector<std::string> absent;
  for (const ml::InputColumn& input : signature.inputs) {
    const Column* column = frame.Find(input.name);
    if (!column) {
      absent.push_back("'" + input.name + "'");
      continue;
    }
    if (column->is_text != input.is_text) {
      if (input.is_text) {
        converted.push_back(ToTexts(*column));
      } else {
        QUERN_ASSIGN(Column numbers, ToNumbers(*column));
        converted.push_back(std::move(numbers));
      }
      column = &converted.back();
    }
    if (column->size() != frame.rows()) {
      return Fail(Code::kInvalidArgument, fmt::format("column '{}' has {} values for {} rows",
                                                      input.name, column->size(), frame.rows()));
    }
    picked.push_back(column);
  }
  if (!absent.empty()) {
    return Fail(Code::kInvalidArgument,
                fmt::format("the model's column{} {} {} absent", absent.size() > 1 ? "s" : "",
                            Join(absent, ", "), absent.size() > 1 ? "are" : "is"),
                "the model takes: " + InputNames(signature, false));
  }
  return picked;
}

TensorView ViewOf(const Column& column, size_t first, size_t count, Arena& arena) {
  const std::span<int64_t> shape = arena.Make<int64_t>(2);
  shape[0] = static_cast<int64_t>(count);
  shape[1] = 1;
  if (!column.is_text) return {DataType::kFp64, shape, column.numbers.data() + first};
  const std::span<std::string_view> texts = arena.Make<std::string_view>(count);
  std::copy_n(column.texts.begin() + static_cast<ptrdiff_t>(first), count, texts.begin());
  return {DataType::kBytes, shape, texts.data()};
}

std::optional<size_t> FindOutput(const Engine& engine, std::string_view name) {
  for (size_t i = 0; i < engine.outputs().size(); ++i) {
    if (engine.outputs()[i].name == name) return i;
  }
  return std::nullopt;
}

}  // namespace

Scorer::Scorer(Signature signature, ChosenEngine chosen)
    : signature_(std::move(signature)), chosen_(std::move(chosen)) {}

Result<std::unique_ptr<Scorer>> Scorer::Make(Signature signature, std::string_view onnx,
                                             EnginePreference preference) {
  QUERN_ASSIGN(ChosenEngine chosen, ChooseEngine(onnx, preference));
  std::unique_ptr<Scorer> scorer(new Scorer(std::move(signature), std::move(chosen)));
  QUERN_TRY(scorer->CheckGraph());
  const bool classifies = scorer->signature_.classifies();
  const auto label = FindOutput(scorer->engine(), kLabelOutput);
  const auto scores =
      FindOutput(scorer->engine(), classifies ? kProbabilitiesOutput : kPredictionOutput);
  if ((classifies && !label) || !scores) {
    return Fail(Code::kDataLoss, "the graph lacks an output of its kind of model",
                "train and register the model again");
  }
  scorer->label_output_ = label.value_or(0);
  scorer->scores_output_ = *scores;
  return scorer;
}

Result<std::unique_ptr<Scorer>> Scorer::FromPipeline(const ml::FittedPipeline& pipeline,
                                                     EnginePreference preference) {
  QUERN_ASSIGN(const std::string onnx, BuildOnnx(pipeline));
  return Make(SignatureOf(pipeline), onnx, preference);
}

Result<std::unique_ptr<Scorer>> Scorer::Load(const std::string& package_dir, Fs& fs) {
  QUERN_ASSIGN(PackageInfo info, ReadPackage(package_dir, fs));
  QUERN_ASSIGN(const std::string onnx, fs.Read(JoinPath(package_dir, "model.onnx")));
  auto scorer = Make(info.signature, onnx);
  if (!scorer) return Within(std::move(scorer).error(), "loading model package " + package_dir);
  (*scorer)->package_ = std::move(info);
  return scorer;
}

Status Scorer::CheckGraph() const {
  const std::vector<TensorSpec>& inputs = engine().inputs();
  bool same = inputs.size() == signature_.inputs.size() && signature_.rows_per_call > 0;
  for (size_t i = 0; same && i < inputs.size(); ++i) {
    const ml::InputColumn& input = signature_.inputs[i];
    const DataType type = input.is_text ? DataType::kBytes : DataType::kFp64;
    same = inputs[i].name == input.name && inputs[i].type == type;
  }
  if (same) return {};
  return Fail(Code::kDataLoss, "the graph's inputs are not those of its signature",
              "train and register the model again");
}

Result<ml::Scores> Scorer::Score(const Frame& frame) const {
  std::list<Column> converted;
  QUERN_ASSIGN(const std::vector<const Column*> columns, Pick(signature_, frame, converted));
  ml::Scores scores;
  scores.classes = signature_.classes.size();
  const size_t rows = frame.rows();
  Arena arena;
  for (size_t first = 0; first < rows; first += signature_.rows_per_call) {
    const size_t count = std::min(signature_.rows_per_call, rows - first);
    QUERN_TRY(ScoreChunk(columns, first, count, arena, scores));
    arena.Reset();
  }
  return scores;
}

Status Scorer::ScoreChunk(std::span<const Column* const> columns, size_t first, size_t count,
                          Arena& arena, ml::Scores& scores) const {
  const std::span<TensorView> views = arena.Make<TensorView>(columns.size());
  for (size_t i = 0; i < views.size(); ++i) views[i] = ViewOf(*columns[i], first, count, arena);
  const std::span<TensorView> outputs = arena.Make<TensorView>(engine().outputs().size());
  QUERN_TRY(engine().Run(views, arena, outputs));
  const TensorView& values = outputs[scores_output_];
  const size_t width = std::max<size_t>(scores.classes, 1);
  if (values.type != DataType::kFp64 || values.elements() != count * width) {
    return Fail(Code::kInternal, "the graph's scores are not of the expected shape");
  }
  std::vector<double>& into = signature_.classifies() ? scores.probabilities : scores.predictions;
  const auto doubles = values.values<double>();
  into.insert(into.end(), doubles.begin(), doubles.end());
  if (!signature_.classifies()) return {};
  return ReadLabels(outputs[label_output_], count, scores);
}

Status Scorer::ReadLabels(const TensorView& tensor, size_t count, ml::Scores& scores) const {
  if (tensor.elements() != count) {
    return Fail(Code::kInternal, "the graph's labels are not one per row");
  }
  const auto add = [&](std::string_view label) -> Status {
    const auto found = std::find(signature_.classes.begin(), signature_.classes.end(), label);
    if (found == signature_.classes.end()) {
      return Fail(Code::kInternal,
                  fmt::format("the graph answered '{}', which is no class", label));
    }
    scores.labels.push_back(static_cast<uint32_t>(found - signature_.classes.begin()));
    return {};
  };
  switch (tensor.type) {
    case DataType::kBytes:
      for (std::string_view text : tensor.values<std::string_view>()) QUERN_TRY(add(text));
      return {};
    case DataType::kInt64:
      for (int64_t integer : tensor.values<int64_t>()) QUERN_TRY(add(std::to_string(integer)));
      return {};
    case DataType::kFp64:
      for (double number : tensor.values<double>()) QUERN_TRY(add(ShortestDouble(number)));
      return {};
    default:
      return Fail(Code::kInternal,
                  fmt::format("the graph's labels are {}", DataTypeName(tensor.type)));
  }
}

}  // namespace quern::model
