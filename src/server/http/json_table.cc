#include "server/http/json_table.h"

#include <array>
#include <limits>

#include "base/base64.h"
#include "serving/input_binding.h"

namespace quern::server {
namespace {

using Kind = JsonCursor::Kind;
using model::DataType;
using model::TensorView;

std::unexpected<Error> Bad(std::string what) {
  return Fail(Code::kInvalidArgument, std::move(what));
}

std::unexpected<Error> BadRow(std::string_view field, size_t row, size_t width) {
  return Bad("Invalid input. Provided " + std::string(field) +
             " field is not a valid dataframe representation: row " + std::to_string(row) +
             " is no list of " + std::to_string(width) + " values");
}

/// {"b64": text}
Status ReadBinaryCell(JsonCursor& cursor, TableBuilder& table, size_t column, Arena& arena) {
  std::string_view key;
  std::string_view text;
  bool found = false;
  for (cursor.EnterObject(); cursor.NextKey(&key);) {
    if (key == "b64" && !found && cursor.Peek() == Kind::kString) {
      found = cursor.String(&text);
    } else if (!cursor.failed()) {
      return table.WrongKind(column, "dictionary");
    }
  }
  if (cursor.failed()) return BadJson(cursor);
  const auto bytes = found ? FromBase64(text) : std::nullopt;
  if (!bytes) return table.WrongKind(column, "dictionary");
  return table.SetText(column, arena.Copy(*bytes));
}

/// Values of nested lists, and the shape that they turn out to have.
class NestedReader {
 public:
  NestedReader(JsonCursor& cursor, std::string_view name, Arena& arena)
      : cursor_(cursor),
        name_(name),
        arena_(arena),
        numbers_(arena),
        texts_(arena),
        shape_(arena) {}

  Result<TensorView> Read() {
    QUERN_TRY(Level(0));
    const void* data = text_ ? static_cast<const void*>(texts_.items().data())
                             : static_cast<const void*>(numbers_.items().data());
    return TensorView{text_ ? DataType::kBytes : DataType::kFp64, shape_.items(), data};
  }

 private:
  std::unexpected<Error> Ragged() const {
    return Bad("input " + serving::Quoted(name_) + ": its lists differ in length or depth");
  }

  Status Level(size_t depth) {
    if (cursor_.Peek() != Kind::kArray) {
      if (leaf_depth_ && *leaf_depth_ != depth) return Ragged();
      leaf_depth_ = depth;
      return Leaf();
    }
    if (leaf_depth_ && *leaf_depth_ <= depth) return Ragged();
    const bool first = shape_.size() == depth;
    if (first) shape_.Add(-1);
    int64_t count = 0;
    for (cursor_.EnterArray(); cursor_.NextItem(); ++count) QUERN_TRY(Level(depth + 1));
    if (cursor_.failed()) return BadJson(cursor_);
    if (shape_[depth] >= 0 && shape_[depth] != count) return Ragged();
    shape_[depth] = count;
    return {};
  }

  Status Leaf() {
    const Kind kind = cursor_.Peek();
    const bool any = numbers_.size() + texts_.size() > 0;
    if (kind == Kind::kString || (kind == Kind::kNull && text_)) {
      std::string_view text;
      if (any && !text_) return Mixed();
      text_ = true;
      if (kind == Kind::kString ? !cursor_.String(&text) : !cursor_.Null()) return BadJson(cursor_);
      texts_.Add(text);
      return {};
    }
    double value = std::numeric_limits<double>::quiet_NaN();
    bool truth = false;
    if (kind == Kind::kObject) {
      return Bad("input " + serving::Quoted(name_) + ": expected values, got a dictionary");
    }
    if (kind == Kind::kTrue || kind == Kind::kFalse) {
      if (!cursor_.Bool(&truth)) return BadJson(cursor_);
      value = truth ? 1 : 0;
    } else if (kind == Kind::kNull ? !cursor_.Null() : !cursor_.Double(&value)) {
      return BadJson(cursor_);
    }
    if (text_) return Mixed();
    numbers_.Add(value);
    return {};
  }

  std::unexpected<Error> Mixed() const {
    return Bad("input " + serving::Quoted(name_) + ": holds numbers and texts");
  }

  JsonCursor& cursor_;
  std::string_view name_;
  Arena& arena_;
  ArenaList<double> numbers_;
  ArenaList<std::string_view> texts_;
  ArenaList<int64_t> shape_;
  std::optional<size_t> leaf_depth_;
  bool text_ = false;
};

/// Some of the numbers that follow in a column's list, most of them written plainly; false if the
/// next value is not.
bool ReadPlain(JsonCursor& cursor, TableBuilder& table, size_t column) {
  if (!table.takes_numbers(column)) return false;
  std::array<double, 64> numbers;
  const size_t took = cursor.PlainNumbers(numbers);
  table.AddNumbers(column, {numbers.data(), took});
  return took > 0;
}

}  // namespace

std::string KindName(Kind kind) {
  switch (kind) {
    case Kind::kObject:
      return "dictionary";
    case Kind::kArray:
      return "list";
    case Kind::kString:
      return "type str";
    case Kind::kNull:
      return "type NoneType";
    case Kind::kTrue:
    case Kind::kFalse:
      return "type bool";
    default:
      return "type number";
  }
}

std::unexpected<Error> BadJson(const JsonCursor& cursor) {
  return Bad("the request body is not valid JSON: " + cursor.Problem());
}

Status ReadCell(JsonCursor& cursor, TableBuilder& table, size_t column) {
  switch (cursor.Peek()) {
    case Kind::kNumber: {
      double value = 0;
      if (!cursor.Double(&value)) return BadJson(cursor);
      return table.SetNumber(column, value);
    }
    case Kind::kString: {
      std::string_view text;
      if (!cursor.String(&text)) return BadJson(cursor);
      return table.SetText(column, text);
    }
    case Kind::kNull:
      if (!cursor.Null()) return BadJson(cursor);
      return table.SetMissing(column);
    case Kind::kTrue:
    case Kind::kFalse: {
      bool truth = false;
      if (!cursor.Bool(&truth)) return BadJson(cursor);
      return table.SetNumber(column, truth ? 1 : 0);
    }
    case Kind::kArray: {
      size_t items = 0;
      for (cursor.EnterArray(); cursor.NextItem(); ++items) {
        if (items > 0 || cursor.Peek() == Kind::kArray) return table.WrongKind(column, "list");
        QUERN_TRY(ReadCell(cursor, table, column));
      }
      if (cursor.failed()) return BadJson(cursor);
      if (items == 0) return table.WrongKind(column, "list");
      return {};
    }
    case Kind::kObject:
      return ReadBinaryCell(cursor, table, column, table.arena());
    case Kind::kNone:
      break;
  }
  cursor.Refuse("expected a value");
  return BadJson(cursor);
}

Status ReadRecord(JsonCursor& cursor, TableBuilder& table) {
  std::string_view key;
  size_t guess = 0;
  for (cursor.EnterObject(); cursor.NextKey(&key);) {
    const auto column = table.Find(key, guess);
    if (!column) {
      if (!cursor.Skip()) return BadJson(cursor);
      continue;
    }
    QUERN_TRY(ReadCell(cursor, table, *column));
    guess = *column + 1;
  }
  if (cursor.failed()) return BadJson(cursor);
  return {};
}

Status ReadRows(JsonCursor& cursor, TableBuilder& table, std::span<const size_t> columns,
                std::string_view field) {
  if (!cursor.EnterArray()) return BadJson(cursor);
  while (cursor.NextItem()) {
    table.BeginRow();
    const size_t row = table.rows() - 1;
    if (cursor.Peek() != Kind::kArray) return BadRow(field, row, columns.size());
    size_t cell = 0;
    for (cursor.EnterArray(); cursor.NextItem(); ++cell) {
      if (cell >= columns.size()) return BadRow(field, row, columns.size());
      if (columns[cell] == std::string_view::npos) {
        if (!cursor.Skip()) return BadJson(cursor);
      } else {
        QUERN_TRY(ReadCell(cursor, table, columns[cell]));
      }
    }
    if (cursor.failed()) return BadJson(cursor);
    if (cell != columns.size()) return BadRow(field, row, columns.size());
  }
  if (cursor.failed()) return BadJson(cursor);
  return {};
}

Status ReadNamelessRows(JsonCursor& cursor, TableBuilder& table, std::string_view field) {
  if (!cursor.EnterArray()) return BadJson(cursor);
  while (cursor.NextItem()) {
    table.BeginRow();
    const size_t row = table.rows() - 1;
    if (cursor.Peek() != Kind::kArray) return BadRow(field, row, table.width());
    size_t cell = 0;
    for (cursor.EnterArray(); cursor.NextItem(); ++cell) {
      if (cell == table.width() && row == 0 && !table.named()) table.AddNameless();
      if (cell >= table.width()) return BadRow(field, row, table.width());
      QUERN_TRY(ReadCell(cursor, table, cell));
    }
    if (cursor.failed()) return BadJson(cursor);
    if (cell != table.width()) return BadRow(field, row, table.width());
  }
  if (cursor.failed()) return BadJson(cursor);
  return {};
}

Status ReadRecords(JsonCursor& cursor, TableBuilder& table, std::string_view field) {
  if (!cursor.EnterArray()) return BadJson(cursor);
  while (cursor.NextItem()) {
    table.BeginRow();
    if (cursor.Peek() != Kind::kObject) {
      if (cursor.Peek() == Kind::kNone) {
        cursor.Refuse("expected a value");
        return BadJson(cursor);
      }
      return Bad("Invalid input. Provided " + std::string(field) +
                 " field is not a valid dataframe representation in 'records' format: row " +
                 std::to_string(table.rows() - 1) + " is no dictionary");
    }
    QUERN_TRY(ReadRecord(cursor, table));
  }
  if (cursor.failed()) return BadJson(cursor);
  return {};
}

Status ReadColumns(JsonCursor& cursor, TableBuilder& table) {
  std::string_view key;
  std::optional<size_t> rows;
  size_t guess = 0;
  for (cursor.EnterObject(); cursor.NextKey(&key);) {
    const auto column = table.Find(key, guess);
    if (!column) {
      if (!cursor.Skip()) return BadJson(cursor);
      continue;
    }
    if (table.claimed(*column)) {
      return Bad("Invalid input. input " + serving::Quoted(key) + " stands there twice");
    }
    guess = *column + 1;
    table.Claim(*column);
    table.Rewind();
    if (cursor.Peek() == Kind::kArray) {
      for (cursor.EnterArray(); cursor.NextItem();) {
        if (ReadPlain(cursor, table, *column)) continue;
        table.BeginRow();
        QUERN_TRY(ReadCell(cursor, table, *column));
      }
      if (cursor.failed()) return BadJson(cursor);
    } else {
      table.BeginRow();
      QUERN_TRY(ReadCell(cursor, table, *column));
    }
    if (rows && *rows != table.rows()) {
      return Bad("Invalid input. input " + serving::Quoted(key) + " has " +
                 std::to_string(table.rows()) + " rows, another one " + std::to_string(*rows));
    }
    rows = table.rows();
  }
  if (cursor.failed()) return BadJson(cursor);
  return {};
}

Result<TensorView> ReadNested(JsonCursor& cursor, std::string_view name, Arena& arena) {
  return NestedReader(cursor, name, arena).Read();
}

}  // namespace quern::server
