#pragma once
// The values of one column, from where a client put them to where an engine takes them. Internal to
// input_binding.cc.
#include <string>
#include <string_view>

#include "base/result.h"
#include "serving/convert.h"

namespace quern::serving {

/// One column on its way, or a whole tensor: where it comes from, as what it arrives.
struct ColumnMove {
  std::string_view name;  // for messages
  Elements from;
  model::DataType to = model::DataType::kFp64;
  void* out = nullptr;
  size_t out_stride = 1;
  /// For messages, of a tensor: values of each row, and whether these are columns.
  size_t row_size = 1;
  bool is_matrix = false;
};

/// Converts; texts become numbers only with `texts_as_numbers`. kInvalidArgument naming column, row
/// and value.
Status MoveColumn(const ColumnMove& column, bool texts_as_numbers);

/// "input 'x', row 3: ".
std::string RowText(std::string_view input, size_t row);

}  // namespace quern::serving
