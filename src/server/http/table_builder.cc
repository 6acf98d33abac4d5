#include "server/http/table_builder.h"

#include <limits>

#include "base/text.h"
#include "serving/input_binding.h"

namespace quern::server {
namespace {

using model::DataType;
using serving::NamedTensor;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TableBuilder::TableBuilder(const serving::ServedModel& served, Arena& arena)
    : served_(served), arena_(arena), columns_(arena, served.columns().size()) {
  if (!served.engine().inputs().empty()) {
    is_text_ = served.engine().inputs()[0].type == DataType::kBytes;
  }
  if (!served.named_columns()) return;
  for (const serving::InputColumn& column : served.columns()) {
    columns_.Add(Column(arena, column.name, column.is_text));
    columns_.back().optional = column.optional;
  }
}

Status TableBuilder::CheckTakesTable() const {
  if (served_.form() != serving::InputForm::kTensors) return {};
  std::vector<std::string> inputs;
  for (const auto& spec : served_.engine().inputs()) {
    inputs.push_back("'" + spec.name + "' " + serving::ShapeText(spec.shape));
  }
  return Fail(Code::kInvalidArgument,
              "model '" + served_.name() + "' takes tensors, no table: " + Join(inputs, ", "),
              "send them under 'inputs', by name");
}

std::optional<size_t> TableBuilder::Find(std::string_view name, size_t guess) {
  if (served_.named_columns()) return served_.FindColumn(name, guess);
  if (guess < columns_.size() && columns_[guess].name == name) return guess;
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].name == name) return i;
  }
  columns_.Add(Column(arena_, name, is_text_));
  return columns_.size() - 1;
}

void TableBuilder::PadTo(Column& column, size_t rows) {
  if (column.is_text) {
    while (column.texts.size() < rows) column.texts.Add({});
  } else {
    while (column.numbers.size() < rows) column.numbers.Add(kNaN);
  }
}

Status TableBuilder::StartCell(size_t index) {
  Column& column = columns_[index];
  column.seen = true;
  if (column.size() >= rows_) {
    return Fail(Code::kInvalidArgument, "input " + serving::Quoted(column.name) + ", row " +
                                            std::to_string(rows_ - 1) + ": stands there twice");
  }
  PadTo(column, rows_ - 1);
  return {};
}

std::unexpected<Error> TableBuilder::WrongType(size_t column, std::string_view got) const {
  return Fail(Code::kInvalidArgument, "input '" + std::string(columns_[column].name) + "', row " +
                                          std::to_string(rows_ - 1) + ": expected " +
                                          (columns_[column].is_text ? "text" : "a number") +
                                          ", got " + std::string(got));
}

std::unexpected<Error> TableBuilder::WrongKind(size_t column, std::string_view got) const {
  return Fail(Code::kInvalidArgument, "input '" + std::string(columns_[column].name) + "', row " +
                                          std::to_string(rows_ - 1) +
                                          ": expected one value, got a " + std::string(got));
}

Status TableBuilder::SetMissing(size_t column) {
  QUERN_TRY(StartCell(column));
  PadTo(columns_[column], rows_);
  return {};
}

Status TableBuilder::SetNumber(size_t column, double value) {
  if (columns_[column].is_text) {
    if (value != value) return SetMissing(column);
    return WrongType(column, "the number " + ShortestDouble(value));
  }
  QUERN_TRY(StartCell(column));
  columns_[column].numbers.Add(value);
  return {};
}

void TableBuilder::AddNumbers(size_t column, std::span<const double> values) {
  Column& into = columns_[column];
  into.seen = true;
  PadTo(into, rows_);
  for (const double value : values) into.numbers.Add(value);
  rows_ += values.size();
}

Status TableBuilder::SetText(size_t column, std::string_view value) {
  if (!columns_[column].is_text) return WrongType(column, "the text " + serving::Quoted(value));
  QUERN_TRY(StartCell(column));
  columns_[column].texts.Add(value);
  return {};
}

std::string TableBuilder::Missing() const {
  std::string missing;
  for (const Column& column : columns_.items()) {
    if (column.seen || column.optional) continue;
    missing += missing.empty() ? "'" : ", '";
    missing.append(column.name).append("'");
  }
  return missing;
}

std::span<const NamedTensor> TableBuilder::Finish() {
  for (Column& column : columns_.items()) PadTo(column, rows_);
  if (!served_.named_columns()) return FinishMatrix();
  std::span<NamedTensor> tensors = arena_.Make<NamedTensor>(columns_.size());
  std::span<int64_t> shape = arena_.Make<int64_t>(1);
  shape[0] = static_cast<int64_t>(rows_);
  size_t count = 0;
  for (Column& column : columns_.items()) {
    if (!column.seen) continue;  // optional: the binding knows what stands for it
    const void* data = column.is_text ? static_cast<const void*>(column.texts.items().data())
                                      : static_cast<const void*>(column.numbers.items().data());
    tensors[count++] = {column.name,
                        {column.is_text ? DataType::kBytes : DataType::kFp64, shape, data}};
  }
  return tensors.first(count);
}

std::span<const NamedTensor> TableBuilder::FinishMatrix() {
  const size_t width = columns_.size();
  std::span<int64_t> shape = arena_.Make<int64_t>(2);
  shape[0] = static_cast<int64_t>(rows_);
  shape[1] = static_cast<int64_t>(width);
  std::span<NamedTensor> tensors = arena_.Make<NamedTensor>(1);
  const std::string_view name = served_.engine().inputs()[0].name;
  if (is_text_) {
    std::span<std::string_view> matrix = arena_.Make<std::string_view>(rows_ * width);
    for (size_t i = 0; i < matrix.size(); ++i) matrix[i] = columns_[i % width].texts[i / width];
    tensors[0] = {name, {DataType::kBytes, shape, matrix.data()}};
  } else {
    std::span<double> matrix = arena_.Make<double>(rows_ * width);
    for (size_t i = 0; i < matrix.size(); ++i) matrix[i] = columns_[i % width].numbers[i / width];
    tensors[0] = {name, {DataType::kFp64, shape, matrix.data()}};
  }
  return tensors;
}

}  // namespace quern::server
