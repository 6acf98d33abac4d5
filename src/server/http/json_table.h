#pragma once
// Tables and tensors as JSON has them, in the forms that MLflow, TensorFlow Serving and KServe v1
// share: rows of values, rows of objects, columns by name, nested lists.
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"
#include "server/http/json_cursor.h"
#include "server/http/table_builder.h"

namespace quern::server {

/// "dictionary", "list", "type str", … as MLflow's messages call what stands at the cursor.
std::string KindName(JsonCursor::Kind kind);
/// kInvalidArgument "the request body is not valid JSON: …" of a cursor that failed.
std::unexpected<Error> BadJson(const JsonCursor& cursor);

/// One value, or a list around one (tensors of shape [N,1] nest their single column), or
/// {"b64": text}, into a column of the row that was begun last.
Status ReadCell(JsonCursor& cursor, TableBuilder& table, size_t column);

/// An object of cells into the row that was begun last; names that the model lacks are passed over.
Status ReadRecord(JsonCursor& cursor, TableBuilder& table);

/// A list of rows, each a list of values in the order of `columns` (indices of the table; npos is
/// passed over). kInvalidArgument "Provided FIELD field is not a valid dataframe representation …".
Status ReadRows(JsonCursor& cursor, TableBuilder& table, std::span<const size_t> columns,
                std::string_view field);
/// The same where rows have no names: all columns in the model's order.
Status ReadNamelessRows(JsonCursor& cursor, TableBuilder& table, std::string_view field);
/// A list of objects.
Status ReadRecords(JsonCursor& cursor, TableBuilder& table, std::string_view field);
/// {name: list of values}, or {name: value} for one row. kInvalidArgument if they differ in length.
Status ReadColumns(JsonCursor& cursor, TableBuilder& table);

/// Nested lists of numbers or texts as a dense tensor of FP64 or BYTES. kInvalidArgument if rows
/// differ in length or kind.
Result<model::TensorView> ReadNested(JsonCursor& cursor, std::string_view name, Arena& arena);

}  // namespace quern::server
