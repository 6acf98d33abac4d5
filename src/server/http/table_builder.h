#pragma once
// Values that come cell by cell become the columns that a model takes.
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"
#include "server/http/arena_list.h"
#include "serving/inference_call.h"
#include "serving/served_model.h"

namespace quern::server {

/// Collects a table for one served model. A cell that is never set is missing. Number columns take
/// numbers and booleans as 0 and 1, text columns take text. Where the model does not name its
/// columns, those of the table are taken in their order. Allocates from the arena alone. Not
/// thread-safe.
class TableBuilder {
 public:
  /// Borrows both.
  TableBuilder(const serving::ServedModel& served, Arena& arena);

  /// Whether the model takes a table at all. Errors of one that does not: kInvalidArgument.
  Status CheckTakesTable() const;

  /// The column of that name, or nothing if the model has none (it is ignored then). `guess` is
  /// looked at first. Of a model without names, a name that was not there before is a new column.
  std::optional<size_t> Find(std::string_view name, size_t guess);
  size_t width() const { return columns_.size(); }
  /// Whether the model names its columns.
  bool named() const { return served_.named_columns(); }
  /// A further column of a model that does not.
  void AddNameless() { columns_.Add(Column(arena_, "", is_text_)); }
  std::string_view name(size_t column) const { return columns_[column].name; }
  Arena& arena() { return arena_; }

  void BeginRow() { ++rows_; }
  size_t rows() const { return rows_; }
  /// Goes back above the first row, for a table that comes column by column.
  void Rewind() { rows_ = 0; }

  /// Cells of the row that was begun last; a second one for a column is an error.
  Status SetMissing(size_t column);
  Status SetNumber(size_t column, double value);
  Status SetText(size_t column, std::string_view value);
  bool takes_numbers(size_t column) const { return !columns_[column].is_text; }
  /// The next rows of a column of numbers, in a table that comes column by column.
  void AddNumbers(size_t column, std::span<const double> values);
  /// Anything else: "input 'x', row 3: expected one value, got a list".
  std::unexpected<Error> WrongKind(size_t column, std::string_view got) const;

  /// That a column is there, though it has no cell.
  void Claim(size_t column) { columns_[column].seen = true; }
  bool claimed(size_t column) const { return columns_[column].seen; }

  /// "'flag', 'sex'": columns that the model needs and the table lacks; "" if there are none.
  std::string Missing() const;
  /// The tensors. Call once.
  std::span<const serving::NamedTensor> Finish();

 private:
  struct Column {
    Column(Arena& arena, std::string_view column, bool text)
        : name(column), is_text(text), numbers(arena), texts(arena) {}
    std::string_view name;
    bool is_text;
    bool seen = false;
    bool optional = false;
    ArenaList<double> numbers;
    ArenaList<std::string_view> texts;
    size_t size() const { return is_text ? texts.size() : numbers.size(); }
  };
  void PadTo(Column& column, size_t rows);
  Status StartCell(size_t column);
  std::unexpected<Error> WrongType(size_t column, std::string_view got) const;
  std::span<const serving::NamedTensor> FinishMatrix();

  const serving::ServedModel& served_;
  Arena& arena_;
  ArenaList<Column> columns_;
  bool is_text_ = false;  // of columns without names
  size_t rows_ = 0;
};

}  // namespace quern::server
