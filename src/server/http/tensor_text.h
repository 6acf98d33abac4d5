#pragma once
// Tensors written as JSON: shared by the protocol rooms.
#include <string>

#include "model/tensor.h"

namespace quern::server {

/// One value: a number in the shortest form that reads back the same in its type, true or false, or
/// a text; null for what JSON has no number for and for a text that is not UTF-8.
void AppendElement(std::string* out, const model::TensorView& tensor, size_t index);
/// A flat list of `count` values from `first` on.
void AppendElements(std::string* out, const model::TensorView& tensor, size_t first, size_t count);
/// Lists nested as the shape says; a scalar is a value.
void AppendNested(std::string* out, const model::TensorView& tensor);
/// What stands at `row` of the first dimension: a value, or lists of the further dimensions. With
/// `flat`, a row of one value is that value, whatever its shape.
void AppendRow(std::string* out, const model::TensorView& tensor, size_t row, bool flat = false);

}  // namespace quern::server
