#include "server/mlflow/scoring_request.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "base/text.h"
#include "server/http/csv.h"
#include "server/http/respond.h"
#include "serving/frame_builder.h"

namespace quern::server::mlflow {
namespace {

constexpr std::array<std::string_view, 4> kForms = {"dataframe_split", "dataframe_records",
                                                    "instances", "inputs"};
constexpr std::string_view kOneForm =
    "The input must be a JSON dictionary with exactly one of the input fields "
    "{'dataframe_split', 'dataframe_records', 'instances', 'inputs'}";

std::unexpected<Error> Bad(std::string what) {
  return Fail(Code::kInvalidArgument, std::move(what));
}
std::unexpected<Error> Invalid(std::string what) {
  return Bad("Invalid input. " + std::move(what));
}

std::string_view Text(const json::string& text) { return {text.data(), text.size()}; }

std::string KindName(const json::value& value) {
  if (value.is_object()) return "dictionary";
  if (value.is_array()) return "list";
  if (value.is_string()) return "type str";
  if (value.is_null()) return "type NoneType";
  if (value.is_bool()) return "type bool";
  return "type number";
}

/// A scalar, or a list around one: tensors of shape [N,1] nest their single column.
Status SetCell(serving::FrameBuilder& builder, size_t input, size_t row, const json::value& value) {
  const json::value* cell = &value;
  if (cell->is_array() && cell->as_array().size() == 1) cell = &cell->as_array().front();
  if (cell->is_null()) return builder.SetMissing(input, row);
  if (cell->is_bool()) return builder.SetNumber(input, row, cell->as_bool() ? 1 : 0);
  if (cell->is_number()) return builder.SetNumber(input, row, cell->to_number<double>());
  if (cell->is_string()) return builder.SetText(input, row, Text(cell->as_string()));
  return Bad("input '" + builder.input(input).name + "', row " + std::to_string(row) +
             ": expected one value, got a " + KindName(*cell));
}

Result<Frame> Finish(serving::FrameBuilder& builder) {
  std::vector<std::string> missing = builder.Unclaimed();
  if (missing.empty()) return builder.Take();
  return Bad("Failed to enforce schema: Model is missing inputs ['" + Join(missing, "', '") +
             "'].");
}

/// Rows of values whose columns are named by `columns`.
Result<Frame> FromRows(const std::vector<std::string_view>& columns, const json::array& rows,
                       const serving::Signature& signature, std::string_view field) {
  serving::FrameBuilder builder(signature, rows.size());
  std::vector<std::optional<size_t>> inputs;
  for (std::string_view column : columns) {
    inputs.push_back(builder.Find(column));
    if (inputs.back() && !builder.Claim(*inputs.back())) {
      return Invalid("Provided " + std::string(field) +
                     " field is not a valid dataframe representation: column " +
                     serving::Quoted(column) + " stands there twice");
    }
  }
  for (size_t row = 0; row < rows.size(); ++row) {
    if (!rows[row].is_array() || rows[row].as_array().size() != columns.size()) {
      return Invalid("Provided " + std::string(field) +
                     " field is not a valid dataframe representation: row " + std::to_string(row) +
                     " is no list of " + std::to_string(columns.size()) + " values");
    }
    const json::array& cells = rows[row].as_array();
    for (size_t i = 0; i < cells.size(); ++i) {
      if (inputs[i]) QUERN_TRY(SetCell(builder, *inputs[i], row, cells[i]));
    }
  }
  return Finish(builder);
}

std::vector<std::string_view> InputNames(const serving::Signature& signature) {
  std::vector<std::string_view> names;
  for (const ml::InputColumn& input : signature.inputs) names.push_back(input.name);
  return names;
}

Result<Frame> FromSplit(const json::value& value, const serving::Signature& signature) {
  if (!value.is_object()) {
    return Invalid("Dataframe split format must be a dictionary. Got " + KindName(value) + ".");
  }
  const json::object& object = value.as_object();
  const json::value* data = object.if_contains("data");
  bool extra = std::any_of(object.begin(), object.end(), [](const auto& entry) {
    return entry.key() != "columns" && entry.key() != "index" && entry.key() != "data";
  });
  if (data == nullptr || extra) {
    return Invalid(
        "Dataframe split format must have 'data' field and optionally 'columns' and 'index' "
        "fields.");
  }
  if (!data->is_array()) {
    return Invalid(
        "Provided dataframe_split field is not a valid dataframe representation in "
        "'split' format: 'data' must be a list of rows");
  }
  const json::value* columns = object.if_contains("columns");
  if (columns == nullptr || columns->is_null()) {
    return FromRows(InputNames(signature), data->as_array(), signature, "dataframe_split");
  }
  std::vector<std::string_view> names;
  bool good = columns->is_array();
  for (const json::value& column : good ? columns->as_array() : json::array()) {
    good = good && column.is_string();
    if (good) names.push_back(Text(column.as_string()));
  }
  if (!good) {
    return Invalid(
        "Provided dataframe_split field is not a valid dataframe representation in "
        "'split' format: 'columns' must be a list of names");
  }
  return FromRows(names, data->as_array(), signature, "dataframe_split");
}

/// A list of objects; a key that a row lacks is missing there, one that every row lacks is an
/// error.
Result<Frame> FromRecords(const json::array& records, const serving::Signature& signature,
                          std::string_view field) {
  serving::FrameBuilder builder(signature, records.size());
  for (size_t row = 0; row < records.size(); ++row) {
    if (!records[row].is_object()) {
      return Invalid("Provided " + std::string(field) +
                     " field is not a valid dataframe representation in 'records' format: row " +
                     std::to_string(row) + " is no dictionary");
    }
    for (const auto& entry : records[row].as_object()) {
      auto input = builder.Find({entry.key().data(), entry.key().size()});
      if (!input) continue;
      builder.Claim(*input);
      QUERN_TRY(SetCell(builder, *input, row, entry.value()));
    }
  }
  return Finish(builder);
}

Result<Frame> FromInstances(const json::value& value, const serving::Signature& signature) {
  if (!value.is_array()) return Invalid("'instances' must be a list. Got " + KindName(value) + ".");
  const json::array& rows = value.as_array();
  if (!rows.empty() && rows.front().is_object()) return FromRecords(rows, signature, "instances");
  return FromRows(InputNames(signature), rows, signature, "instances");
}

/// `{name: column}` or a list of rows.
Result<Frame> FromInputs(const json::value& value, const serving::Signature& signature) {
  if (value.is_array()) return FromInstances(value, signature);
  if (!value.is_object()) {
    return Invalid("'inputs' must be a list or a dictionary. Got " + KindName(value) + ".");
  }
  const json::object& object = value.as_object();
  std::optional<size_t> rows;
  for (const ml::InputColumn& input : signature.inputs) {
    const json::value* column = object.if_contains(input.name);
    if (column == nullptr) continue;
    size_t length = column->is_array() ? column->as_array().size() : 1;
    if (rows && *rows != length) {
      return Invalid("input '" + input.name + "' has " + std::to_string(length) +
                     " rows, another one " + std::to_string(*rows));
    }
    rows = length;
  }
  serving::FrameBuilder builder(signature, rows.value_or(0));
  for (size_t i = 0; i < signature.inputs.size(); ++i) {
    const json::value* column = object.if_contains(signature.inputs[i].name);
    if (column == nullptr) continue;
    builder.Claim(i);
    for (size_t row = 0; row < *rows; ++row) {
      QUERN_TRY(SetCell(builder, i, row, column->is_array() ? column->as_array()[row] : *column));
    }
  }
  return Finish(builder);
}

Result<Frame> FromForm(std::string_view form, const json::value& value,
                       const serving::Signature& signature) {
  if (form == "dataframe_split") return FromSplit(value, signature);
  if (form == "instances") return FromInstances(value, signature);
  if (form == "inputs") return FromInputs(value, signature);
  if (!value.is_array()) {
    return Invalid("Dataframe records format must be a list of records. Got " + KindName(value) +
                   ".");
  }
  return FromRecords(value.as_array(), signature, "dataframe_records");
}

}  // namespace

Result<ScoringRequest> ParseJsonRequest(std::string_view body,
                                        const serving::Signature& signature) {
  auto parsed = ParseBody(body);
  if (!parsed) {
    return Invalid("Ensure that input is a valid JSON formatted string. Error: '" +
                   parsed.error().message + "'");
  }
  if (!parsed->is_object()) {
    return Invalid(std::string(kOneForm) + ". Received a " + KindName(*parsed) + ".");
  }
  const json::object& object = parsed->as_object();
  std::vector<std::string_view> found;
  for (std::string_view form : kForms) {
    if (object.contains(form)) found.push_back(form);
  }
  if (found.size() != 1) {
    std::vector<std::string> keys;
    for (const auto& entry : object) {
      keys.push_back(serving::Quoted({entry.key().data(), entry.key().size()}));
    }
    return Bad(std::string(kOneForm) + ". Received dictionary with input fields: [" +
               Join(keys, ", ") + "].");
  }
  const json::value* params = object.if_contains("params");
  if (params != nullptr && !params->is_null() &&
      !(params->is_object() && params->as_object().empty())) {
    return Bad("this model takes no 'params'");
  }
  ScoringRequest request;
  const json::value* id = object.if_contains("request_id");
  if (id != nullptr && id->is_string()) request.request_id = id->as_string();
  QUERN_ASSIGN(request.rows, FromForm(found.front(), object.at(found.front()), signature));
  return request;
}

Result<ScoringRequest> ParseCsvRequest(std::string_view body, const serving::Signature& signature) {
  auto table = ParseCsv(body);
  if (!table) {
    return Bad(
        "Failed to parse input as a Pandas DataFrame. Ensure that the input is a valid "
        "CSV-formatted Pandas DataFrame produced using the `pandas.DataFrame.to_csv()` "
        "method. Error: '" +
        table.error().message + "'");
  }
  serving::FrameBuilder builder(signature, table->rows.size());
  for (size_t column = 0; column < table->header.size(); ++column) {
    auto input = builder.Find(table->header[column]);
    if (!input) continue;
    builder.Claim(*input);
    for (size_t row = 0; row < table->rows.size(); ++row) {
      QUERN_TRY(builder.SetCsv(*input, row, table->rows[row][column]));
    }
  }
  ScoringRequest request;
  QUERN_ASSIGN(request.rows, Finish(builder));
  return request;
}

}  // namespace quern::server::mlflow
