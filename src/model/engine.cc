#include "model/engine.h"

#include <fmt/format.h>

#include "base/text.h"

namespace quern::model {
namespace {

std::string ShapeText(std::span<const int64_t> shape) {
  std::vector<std::string> parts;
  for (int64_t d : shape) parts.push_back(std::to_string(d));
  return "[" + Join(parts, ",") + "]";
}

std::unexpected<Error> WrongInput(const TensorSpec& spec, const TensorView& view) {
  return Fail(Code::kInvalidArgument,
              fmt::format("input '{}' is {} of shape {}, got {} of shape {}", spec.name,
                          DataTypeName(spec.type), ShapeText(spec.shape), DataTypeName(view.type),
                          ShapeText(view.shape)),
              "-1 stands for any number of rows");
}

bool Fits(const TensorSpec& spec, const TensorView& view) {
  if (view.type != spec.type) return false;
  if (spec.shape.empty()) return true;
  if (view.shape.size() != spec.shape.size()) return false;
  for (size_t d = 0; d < spec.shape.size(); ++d) {
    if (view.shape[d] < 0 || (spec.shape[d] >= 0 && spec.shape[d] != view.shape[d])) return false;
  }
  return true;
}

}  // namespace

std::string_view EngineName(EngineKind kind) {
  return kind == EngineKind::kCompiled ? "compiled" : "onnxruntime";
}

Result<size_t> CheckInputs(const std::vector<TensorSpec>& specs,
                           std::span<const TensorView> views) {
  if (views.size() != specs.size()) {
    return Fail(Code::kInvalidArgument,
                fmt::format("the model takes {} inputs, got {}", specs.size(), views.size()));
  }
  int64_t rows = -1;
  for (size_t i = 0; i < specs.size(); ++i) {
    if (!Fits(specs[i], views[i])) return WrongInput(specs[i], views[i]);
    if (specs[i].shape.empty() || specs[i].shape[0] >= 0) continue;
    const int64_t here = views[i].shape[0];
    if (rows >= 0 && here != rows) {
      return Fail(Code::kInvalidArgument,
                  fmt::format("input '{}' has {} rows, others have {}", specs[i].name, here, rows));
    }
    rows = here;
  }
  return rows < 0 ? size_t{1} : static_cast<size_t>(rows);
}

}  // namespace quern::model
