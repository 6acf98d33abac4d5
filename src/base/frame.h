#pragma once
// Raw columns in memory: what readers hand to fitting, scoring and monitoring. Numbers are doubles
// with NaN for missing, text is UTF-8 with "" for missing (design: the same as a model's input
// tensors).
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quern {

struct Column {
  std::string name;
  bool is_text = false;
  std::vector<double> numbers;     // when !is_text
  std::vector<std::string> texts;  // when is_text

  size_t size() const { return is_text ? texts.size() : numbers.size(); }
  bool Missing(size_t row) const;
};

/// Columns of equal length. A plain value; copies copy the data.
struct Frame {
  std::vector<Column> columns;

  size_t rows() const { return columns.empty() ? 0 : columns.front().size(); }
  /// The column of that name, or null.
  const Column* Find(std::string_view name) const;
  /// The given rows, in the given order, repeats allowed.
  Frame Take(std::span<const uint32_t> rows) const;
  /// Adds rows below. A column that one side lacks, or holds as another kind, is missing there; an
  /// empty frame takes the other's columns.
  void Append(const Frame& more);
  /// The named columns in that order; names that do not exist are left out.
  Frame Select(std::span<const std::string> names) const;
};

}  // namespace quern
