#include "serving/input_binding.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/text.h"
#include "serving/column_move.h"
#include "serving/convert.h"

namespace quern::serving {
namespace {

/// The shape under which a tensor serves `spec`; [N] and [N,1] are the same column.
std::optional<std::span<const int64_t>> FitShape(const TensorSpec& spec,
                                                 std::span<const int64_t> given, Arena& arena) {
  const auto fits = [&](std::span<const int64_t> shape) {
    if (shape.size() != spec.shape.size()) return false;
    for (size_t i = 0; i < shape.size(); ++i) {
      if (spec.shape[i] >= 0 && spec.shape[i] != shape[i]) return false;
    }
    return true;
  };
  if (fits(given)) return given;
  if (given.size() + 1 == spec.shape.size() && spec.shape.back() == 1) {
    std::span<int64_t> longer = arena.Make<int64_t>(spec.shape.size());
    std::copy(given.begin(), given.end(), longer.begin());
    longer.back() = 1;
    if (fits(longer)) return longer;
  }
  if (given.size() == spec.shape.size() + 1 && given.back() == 1 &&
      fits(given.first(given.size() - 1))) {
    return given.first(given.size() - 1);
  }
  if (spec.shape.empty()) return given;  // a graph that does not say
  return std::nullopt;
}

void* Allocate(DataType type, size_t count, Arena& arena) {
  if (type == DataType::kBytes) return arena.Make<std::string_view>(count).data();
  // 8 is the widest alignment of an element.
  return arena.Make<uint64_t>((count * model::ElementSize(type) + 7) / 8).data();
}

class Binder {
 public:
  Binder(const ServedModel& served, const InferenceCall& call, Arena& arena)
      : served_(served),
        call_(call),
        arena_(arena),
        specs_(served.engine().inputs()),
        views_(arena.Make<TensorView>(specs_.size())) {}

  Result<BoundInputs> Run() {
    if (IsMatrix()) {
      QUERN_TRY(SplitMatrix(call_.inputs[0]));
    } else if (served_.form() == InputForm::kMatrix && !Named()) {
      QUERN_TRY(GatherColumns());
    } else {
      QUERN_TRY(ByName());
    }
    size_t rows = 1;
    if (!specs_.empty() && !views_[0].shape.empty() && specs_[0].shape[0] < 0) {
      rows = static_cast<size_t>(views_[0].shape[0]);
      if (rows == 0) return BadCall("the request holds no rows");
    }
    if (served_.signature()) {
      for (size_t i = 0; i < views_.size(); ++i) QUERN_TRY(Refine(i));
    }
    return BoundInputs{views_, rows};
  }

 private:
  /// Whether the client named the engine's own inputs.
  bool Named() const {
    return std::any_of(call_.inputs.begin(), call_.inputs.end(), [&](const NamedTensor& input) {
      return served_.FindInput(input.name).has_value();
    });
  }

  /// A single tensor that stands for all columns: not named as one of them, or with as many.
  bool IsMatrix() const {
    if (call_.columns_only || served_.form() == InputForm::kTensors) return false;
    if (call_.inputs.size() != 1 || call_.inputs[0].tensor.shape.size() != 2) return false;
    const NamedTensor& input = call_.inputs[0];
    if (served_.form() == InputForm::kMatrix) {
      return input.name == specs_[0].name || !served_.FindColumn(input.name);
    }
    const size_t columns = served_.columns().size();
    if (columns > 1 && static_cast<size_t>(input.tensor.shape[1]) == columns) return true;
    return !served_.FindColumn(input.name).has_value();
  }

  Status SplitMatrix(const NamedTensor& input) {
    const TensorView& matrix = input.tensor;
    const auto rows = static_cast<size_t>(matrix.shape[0]);
    const auto width = static_cast<size_t>(matrix.shape[1]);
    const size_t columns = served_.columns().size();
    if (columns != 0 && width != columns) {
      return BadCall("input " + Quoted(input.name) + " has " + std::to_string(width) +
                     " columns, the model takes " + std::to_string(columns));
    }
    if (served_.form() == InputForm::kMatrix) return Whole(input, 0, true);
    const bool text = matrix.type == DataType::kBytes;
    const size_t element = model::ElementSize(matrix.type);
    for (size_t i = 0; i < columns; ++i) {
      const auto* first = static_cast<const std::byte*>(matrix.data) + i * element;
      ColumnMove column{served_.columns()[i].name, {matrix.type, first, columns, rows}};
      QUERN_TRY(Place(column, i, rows, text || call_.all_text));
    }
    return {};
  }

  /// A column of a table into the engine's input of its own.
  Status Place(ColumnMove& column, size_t index, size_t rows, bool texts_as_numbers) {
    const TensorSpec& spec = specs_[index];
    column.to = spec.type;
    column.out = Allocate(spec.type, rows, arena_);
    QUERN_TRY(MoveColumn(column, texts_as_numbers));
    std::span<int64_t> shape = arena_.Make<int64_t>(spec.shape.size());
    std::fill(shape.begin(), shape.end(), 1);
    shape[0] = static_cast<int64_t>(rows);
    views_[index] = {spec.type, shape, column.out};
    return {};
  }

  /// A client's tensor as the engine's input.
  Status Whole(const NamedTensor& input, size_t index, bool texts_as_numbers) {
    const TensorSpec& spec = specs_[index];
    auto shape = FitShape(spec, input.tensor.shape, arena_);
    if (!shape) {
      return BadCall("input " + Quoted(input.name) + " has shape " + ShapeText(input.tensor.shape) +
                     ", the model takes " + ShapeText(spec.shape));
    }
    views_[index] = {input.tensor.type, *shape, input.tensor.data};
    if (input.tensor.type == spec.type) return {};
    const size_t count = input.tensor.elements();
    ColumnMove column{input.name,
                      {input.tensor.type, input.tensor.data, 1, count},
                      spec.type,
                      Allocate(spec.type, count, arena_)};
    const std::span<const int64_t> dims = input.tensor.shape;
    if (count > 0 && !dims.empty()) column.row_size = count / static_cast<size_t>(dims[0]);
    column.is_matrix = dims.size() == 2 && column.row_size > 1;
    QUERN_TRY(MoveColumn(column, texts_as_numbers));
    views_[index].type = spec.type;
    views_[index].data = column.out;
    return {};
  }

  Status ByName() {
    std::span<const NamedTensor*> given = arena_.Make<const NamedTensor*>(specs_.size());
    std::fill(given.begin(), given.end(), nullptr);
    for (size_t i = 0; i < call_.inputs.size(); ++i) {
      const NamedTensor& input = call_.inputs[i];
      auto index = served_.FindInput(input.name, i);
      if (!index) continue;
      if (given[*index] != nullptr) return BadCall("input " + Quoted(input.name) + " twice");
      given[*index] = &input;
    }
    QUERN_TRY(CheckPresent(given));
    QUERN_TRY(CheckRows(given));
    for (size_t i = 0; i < given.size(); ++i) {
      if (given[i] != nullptr) {
        QUERN_TRY(Whole(*given[i], i, call_.all_text));
      } else {
        PlaceMissing(i);
      }
    }
    return {};
  }

  Status CheckPresent(std::span<const NamedTensor* const> given) const {
    std::string missing;
    for (size_t i = 0; i < given.size(); ++i) {
      const bool optional = served_.form() == InputForm::kColumns && served_.columns()[i].optional;
      if (given[i] != nullptr || optional) continue;
      missing += missing.empty() ? "'" : "', '";
      missing += specs_[i].name;
    }
    if (missing.empty()) return {};
    return BadCall("missing input " + missing + "': the model takes " +
                   std::to_string(specs_.size()) + (specs_.size() == 1 ? " input" : " inputs"));
  }

  Status CheckRows(std::span<const NamedTensor* const> given) {
    std::optional<int64_t> rows;
    for (size_t i = 0; i < given.size(); ++i) {
      if (given[i] == nullptr || served_.form() == InputForm::kTensors) continue;
      const std::span<const int64_t> shape = given[i]->tensor.shape;
      const bool column = shape.size() == 1 || (shape.size() == 2 && shape[1] == 1);
      if (served_.form() == InputForm::kColumns && !column) {
        return BadCall("input " + Quoted(given[i]->name) + " has shape " + ShapeText(shape) +
                       ", a column has [N] or [N,1]");
      }
      if (rows && !shape.empty() && shape[0] != *rows) {
        return BadCall("input " + Quoted(given[i]->name) + " has " + std::to_string(shape[0]) +
                       " rows, the first one " + std::to_string(*rows));
      }
      if (!shape.empty()) rows = shape[0];
    }
    rows_ = static_cast<size_t>(rows.value_or(0));
    return {};
  }

  /// A column that the request lacks and may lack.
  void PlaceMissing(size_t index) {
    static constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
    const TensorSpec& spec = specs_[index];
    void* out = Allocate(spec.type, rows_, arena_);
    if (spec.type == DataType::kBytes) {
      std::fill_n(static_cast<std::string_view*>(out), rows_, std::string_view());
    } else if (ConvertNumbers({DataType::kFp64, &kNaN, 0, rows_}, spec.type, out, 1) != rows_) {
      std::memset(out, 0, rows_ * model::ElementSize(spec.type));
    }
    std::span<int64_t> shape = arena_.Make<int64_t>(spec.shape.size());
    std::fill(shape.begin(), shape.end(), 1);
    shape[0] = static_cast<int64_t>(rows_);
    views_[index] = {spec.type, shape, out};
  }

  /// Named columns into the one matrix that the engine takes.
  Status GatherColumns() {
    const size_t width = served_.columns().size();
    if (!served_.named_columns()) {
      return BadCall("missing input '" + specs_[0].name + "': the model takes 1 input, of shape " +
                     ShapeText(specs_[0].shape));
    }
    std::span<const NamedTensor*> given = arena_.Make<const NamedTensor*>(width);
    std::fill(given.begin(), given.end(), nullptr);
    for (size_t i = 0; i < call_.inputs.size(); ++i) {
      auto index = served_.FindColumn(call_.inputs[i].name, i);
      if (!index) continue;
      if (given[*index] != nullptr)
        return BadCall("input " + Quoted(call_.inputs[i].name) + " twice");
      given[*index] = &call_.inputs[i];
    }
    QUERN_TRY(CheckColumns(given));
    const DataType type = specs_[0].type;
    auto* out = static_cast<std::byte*>(Allocate(type, rows_ * width, arena_));
    for (size_t i = 0; i < width; ++i) {
      static constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
      ColumnMove column{served_.columns()[i].name,
                        {DataType::kFp64, &kNaN, 0, rows_},
                        type,
                        out + i * model::ElementSize(type),
                        width};
      if (given[i] != nullptr) {
        column.from = {given[i]->tensor.type, given[i]->tensor.data, 1, rows_};
      }
      QUERN_TRY(MoveColumn(column, call_.all_text));
    }
    std::span<int64_t> shape = arena_.Make<int64_t>(2);
    shape[0] = static_cast<int64_t>(rows_);
    shape[1] = static_cast<int64_t>(width);
    views_[0] = {type, shape, out};
    return {};
  }

  Status CheckColumns(std::span<const NamedTensor* const> given) {
    std::string missing;
    for (size_t i = 0; i < given.size(); ++i) {
      if (given[i] != nullptr || served_.columns()[i].optional) continue;
      missing += missing.empty() ? "'" : "', '";
      missing += served_.columns()[i].name;
    }
    if (!missing.empty()) {
      return BadCall("missing input " + missing + "': the model takes " +
                     std::to_string(given.size()) + " columns");
    }
    std::optional<size_t> rows;
    for (const NamedTensor* input : given) {
      if (input == nullptr) continue;
      const std::span<const int64_t> shape = input->tensor.shape;
      if (shape.size() != 1 && !(shape.size() == 2 && shape[1] == 1)) {
        return BadCall("input " + Quoted(input->name) + " has shape " + ShapeText(shape) +
                       ", a column has [N] or [N,1]");
      }
      if (rows && *rows != static_cast<size_t>(shape[0])) {
        return BadCall("input " + Quoted(input->name) + " has " + std::to_string(shape[0]) +
                       " rows, the first one " + std::to_string(*rows));
      }
      rows = static_cast<size_t>(shape[0]);
    }
    rows_ = rows.value_or(0);
    return {};
  }

  /// What a package of ours asks beyond types: no infinities, no outer blanks.
  Status Refine(size_t index) {
    TensorView& view = views_[index];
    if (view.type == DataType::kFp64) {
      const std::span<const double> values = view.values<double>();
      for (size_t row = 0; row < values.size(); ++row) {
        if (std::isinf(values[row])) {
          return BadCall(RowText(specs_[index].name, row) +
                         "expected a number, got an infinite one");
        }
      }
    }
    if (view.type != DataType::kBytes) return {};
    const std::span<const std::string_view> texts = view.values<std::string_view>();
    std::span<std::string_view> trimmed = arena_.Make<std::string_view>(texts.size());
    for (size_t row = 0; row < texts.size(); ++row) trimmed[row] = Trim(texts[row]);
    view.data = trimmed.data();
    return {};
  }

  const ServedModel& served_;
  const InferenceCall& call_;
  Arena& arena_;
  const std::vector<TensorSpec>& specs_;
  std::span<TensorView> views_;
  size_t rows_ = 0;
};

}  // namespace

Result<BoundInputs> BindInputs(const ServedModel& served, const InferenceCall& call, Arena& arena) {
  return Binder(served, call, arena).Run();
}

}  // namespace quern::serving
