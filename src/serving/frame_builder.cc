#include "serving/frame_builder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/text.h"

namespace quern::serving {
namespace {

constexpr size_t kShown = 60;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// What pandas.read_csv reads as missing (its documented default list).
bool IsMissingText(std::string_view text) {
  static constexpr std::array<std::string_view, 19> kMissing = {
      "",     "#N/A",   "#N/A N/A", "#NA",  "-1.#IND", "-1.#QNAN", "-NaN",
      "-nan", "1.#IND", "1.#QNAN",  "<NA>", "N/A",     "NA",       "NULL",
      "NaN",  "None",   "n/a",      "nan",  "null"};
  return std::find(kMissing.begin(), kMissing.end(), text) != kMissing.end();
}

}  // namespace

std::string Quoted(std::string_view text) {
  if (text.size() <= kShown) return "'" + std::string(text) + "'";
  size_t end = kShown;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return "'" + std::string(text.substr(0, end)) + "…'";
}

FrameBuilder::FrameBuilder(const Signature& signature, size_t rows)
    : signature_(signature), claimed_(signature.inputs.size(), false) {
  for (const ml::InputColumn& input : signature.inputs) {
    Column column;
    column.name = input.name;
    column.is_text = input.is_text;
    if (input.is_text) {
      column.texts.resize(rows);
    } else {
      column.numbers.assign(rows, kNaN);
    }
    frame_.columns.push_back(std::move(column));
  }
}

std::optional<size_t> FrameBuilder::Find(std::string_view name) const {
  for (size_t i = 0; i < signature_.inputs.size(); ++i) {
    if (signature_.inputs[i].name == name) return i;
  }
  return std::nullopt;
}

bool FrameBuilder::Claim(size_t index) {
  if (claimed_[index]) return false;
  claimed_[index] = true;
  return true;
}

std::unexpected<Error> FrameBuilder::WrongType(size_t index, size_t row,
                                               std::string_view got) const {
  const ml::InputColumn& input = signature_.inputs[index];
  return Fail(Code::kInvalidArgument, "input '" + input.name + "', row " + std::to_string(row) +
                                          ": expected " + (input.is_text ? "text" : "a number") +
                                          ", got " + std::string(got));
}

Status FrameBuilder::SetMissing(size_t index, size_t row) {
  Column& column = frame_.columns[index];
  if (column.is_text) {
    column.texts[row].clear();
  } else {
    column.numbers[row] = kNaN;
  }
  return {};
}

Status FrameBuilder::SetNumber(size_t index, size_t row, double value) {
  Column& column = frame_.columns[index];
  if (column.is_text) {
    if (value != value) return SetMissing(index, row);
    return WrongType(index, row, "the number " + ShortestDouble(value));
  }
  // Readers of JSON give the token Infinity as the largest double.
  if (std::abs(value) >= std::numeric_limits<double>::max())
    return WrongType(index, row, "an infinite one");
  column.numbers[row] = value;
  return {};
}

Status FrameBuilder::SetText(size_t index, size_t row, std::string_view value) {
  Column& column = frame_.columns[index];
  if (!column.is_text) return WrongType(index, row, "the text " + Quoted(value));
  column.texts[row] = Trim(value);
  return {};
}

Status FrameBuilder::SetCsv(size_t index, size_t row, std::string_view value) {
  if (frame_.columns[index].is_text) return SetText(index, row, value);
  std::string_view text = Trim(value);
  if (IsMissingText(text)) return SetMissing(index, row);
  if (auto number = ParseDouble(text)) return SetNumber(index, row, *number);
  std::string lower = ToLower(text);
  if (lower == "true" || lower == "false") return SetNumber(index, row, lower == "true" ? 1 : 0);
  return WrongType(index, row, "the text " + Quoted(text));
}

std::vector<std::string> FrameBuilder::Unclaimed() const {
  std::vector<std::string> names;
  for (size_t i = 0; i < claimed_.size(); ++i) {
    if (!claimed_[i]) names.push_back(signature_.inputs[i].name);
  }
  return names;
}

}  // namespace quern::serving
