#include "serving/column_move.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/text.h"
#include "serving/input_binding.h"

namespace quern::serving {
namespace {

using model::DataType;

constexpr size_t kShown = 60;

/// Where the value at `index` stands.
std::string PlaceText(const ColumnMove& column, size_t index) {
  const size_t row = index / column.row_size;
  if (!column.is_matrix) return RowText(column.name, row);
  return "input " + Quoted(column.name) + ", row " + std::to_string(row) + ", column " +
         std::to_string(index % column.row_size) + ": ";
}

/// A number from its text, by the rule for formats that have nothing else.
Result<double> NumberOf(const ColumnMove& column, size_t index) {
  const auto* texts = static_cast<const std::string_view*>(column.from.first);
  const std::string_view cell = texts[index * column.from.stride];
  const std::string_view text = Trim(cell);
  if (IsMissingText(text)) return std::numeric_limits<double>::quiet_NaN();
  if (auto number = ParseDouble(text)) return *number;
  if (text == "true" || text == "True" || text == "TRUE") return 1;
  if (text == "false" || text == "False" || text == "FALSE") return 0;
  return BadCall(PlaceText(column, index) + "expected a number, got the text " + Quoted(text));
}

Status ParseNumbers(const ColumnMove& column) {
  const size_t width = model::ElementSize(column.to);
  for (size_t index = 0; index < column.from.count; ++index) {
    QUERN_ASSIGN(const double number, NumberOf(column, index));
    void* out = static_cast<std::byte*>(column.out) + index * column.out_stride * width;
    if (ConvertNumbers({DataType::kFp64, &number, 1, 1}, column.to, out, 1) != 1) {
      return BadCall(PlaceText(column, index) + ShortestDouble(number) + " does not fit " +
                     std::string(model::DataTypeName(column.to)));
    }
  }
  return {};
}

Status CopyTexts(const ColumnMove& column) {
  const auto* from = static_cast<const std::string_view*>(column.from.first);
  auto* out = static_cast<std::string_view*>(column.out);
  for (size_t row = 0; row < column.from.count; ++row) {
    out[row * column.out_stride] = from[row * column.from.stride];
  }
  return {};
}

}  // namespace

std::string RowText(std::string_view input, size_t row) {
  return "input " + Quoted(input) + ", row " + std::to_string(row) + ": ";
}

Status MoveColumn(const ColumnMove& column, bool texts_as_numbers) {
  const bool text_in = column.from.type == DataType::kBytes;
  const bool text_out = column.to == DataType::kBytes;
  if (text_in && text_out) return CopyTexts(column);
  if (text_in && !texts_as_numbers) {
    if (column.from.count == 0) return {};
    return BadCall(PlaceText(column, 0) + "expected a number, got the text " +
                   Quoted(*static_cast<const std::string_view*>(column.from.first)));
  }
  if (text_in) return ParseNumbers(column);
  if (text_out) {
    if (column.from.count == 0) return {};
    return BadCall(PlaceText(column, 0) + "expected text, got the number " +
                   NumberText(column.from.type, column.from.first, 0));
  }
  const size_t done = ConvertNumbers(column.from, column.to, column.out, column.out_stride);
  if (done == column.from.count) return {};
  return BadCall(PlaceText(column, done) +
                 NumberText(column.from.type, column.from.first, done * column.from.stride) +
                 " does not fit " + std::string(model::DataTypeName(column.to)));
}

bool IsMissingText(std::string_view text) {
  static constexpr std::array<std::string_view, 19> kMissing = {
      "",     "#N/A",   "#N/A N/A", "#NA",  "-1.#IND", "-1.#QNAN", "-NaN",
      "-nan", "1.#IND", "1.#QNAN",  "<NA>", "N/A",     "NA",       "NULL",
      "NaN",  "None",   "n/a",      "nan",  "null"};
  return std::find(kMissing.begin(), kMissing.end(), text) != kMissing.end();
}

std::string Quoted(std::string_view text) {
  if (text.size() <= kShown) return "'" + std::string(text) + "'";
  size_t end = kShown;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return "'" + std::string(text.substr(0, end)) + "…'";
}

std::string ShapeText(std::span<const int64_t> shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    text += (i > 0 ? "," : "") + std::to_string(shape[i]);
  }
  return text + "]";
}

}  // namespace quern::serving
