#pragma once
// Rows of which some columns are one row's and the others another's, scored block by block.
#include <cstddef>
#include <span>
#include <vector>

#include "base/arena.h"
#include "base/result.h"
#include "model/shapley.h"
#include "serving/input_binding.h"
#include "serving/served_model.h"

namespace quern::serving {

/// Where the columns of a table lie in a model's inputs: each an input of its own, or all in one
/// matrix.
class TableCells {
 public:
  /// A model of InputForm::kColumns or kMatrix, and rows that were bound to it.
  TableCells(const ServedModel& served, const BoundInputs& rows);

  size_t columns() const { return columns_; }
  /// Which input holds the column, and which of its elements is that of a row.
  size_t Input(size_t column) const { return matrix_ ? 0 : column; }
  size_t Element(size_t row, size_t column) const {
    return matrix_ ? row * columns_ + column : row;
  }

 private:
  bool matrix_;
  size_t columns_;
};

/// Of one row and the rows of a background, bound to the same model. Borrows all of it.
class RowMixer {
 public:
  RowMixer(const ServedModel& served, const BoundInputs& background, const BoundInputs& rows,
           size_t row);

  /// Background's rows x columns: 1 where the values differ; two missing numbers are alike.
  std::vector<uint8_t> Differences() const;
  /// The engine's inputs, in `arena`.
  BoundInputs Mix(const model::MixedRows& mixed, Arena& arena) const;

 private:
  bool Same(size_t background_row, size_t column) const;

  const TableCells cells_;
  const BoundInputs& background_;
  const BoundInputs& rows_;
  const size_t row_;
};

}  // namespace quern::serving
