#include "server/mlflow/scoring_request.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "server/explaining.h"
#include "server/http/csv.h"
#include "server/http/json_inputs.h"
#include "server/http/json_parameters.h"
#include "server/http/json_table.h"
#include "serving/input_binding.h"

namespace quern::server::mlflow {
namespace {

using Kind = JsonCursor::Kind;
using serving::NamedTensor;
using serving::Parameter;

constexpr std::array<std::string_view, 4> kForms = {"dataframe_split", "dataframe_records",
                                                    "instances", "inputs"};
constexpr std::string_view kOneForm =
    "The input must be a JSON dictionary with exactly one of the input fields "
    "{'dataframe_split', 'dataframe_records', 'instances', 'inputs'}";
constexpr size_t kNone = std::string_view::npos;

std::unexpected<Error> Bad(std::string what) {
  return Fail(Code::kInvalidArgument, std::move(what));
}
std::unexpected<Error> Invalid(std::string what) {
  return Bad("Invalid input. " + std::move(what));
}

std::unexpected<Error> MissingInputs(const std::string& names) {
  return Bad("Failed to enforce schema: Model is missing inputs [" + names + "].");
}

class Reader {
 public:
  Reader(std::string_view body, const serving::ServedModel& served, Arena& arena)
      : cursor_(body, arena),
        served_(served),
        arena_(arena),
        inputs_(cursor_, served, arena),
        table_(inputs_.table()),
        keys_(arena),
        parameters_(arena) {}

  Result<ScoringRequest> Run() {
    auto request = Read();
    if (cursor_.failed()) {
      return Invalid("Ensure that input is a valid JSON formatted string. Error: '" +
                     cursor_.Problem() + "'");
    }
    return request;
  }

 private:
  Result<ScoringRequest> Read() {
    if (cursor_.Peek() == Kind::kNone) return Syntax();
    if (cursor_.Peek() != Kind::kObject) {
      return Invalid(std::string(kOneForm) + ". Received a " + KindName(cursor_.Peek()) + ".");
    }
    std::string_view key;
    size_t forms = 0;
    for (cursor_.EnterObject(); cursor_.NextKey(&key);) {
      if (std::find(keys_.items().begin(), keys_.items().end(), key) != keys_.items().end()) {
        return Invalid("Ensure that input is a valid JSON formatted string. Error: 'the key " +
                       std::string(key) + " stands there twice'");
      }
      keys_.Add(key);
      const auto form = std::find(kForms.begin(), kForms.end(), key);
      if (form != kForms.end()) {
        if (++forms > 1) {  // only to name all of them
          if (!cursor_.Skip()) return Syntax();
          continue;
        }
        QUERN_TRY(Form(*form));
      } else {
        QUERN_TRY(OtherKey(key));
      }
    }
    if (!cursor_.Finish()) return Syntax();
    if (forms != 1) return WrongForms();
    return Finish();
  }

  std::unexpected<Error> Syntax() {
    cursor_.Refuse("expected a value");
    return BadJson(cursor_);
  }

  std::unexpected<Error> WrongForms() const {
    std::vector<std::string> names;
    for (std::string_view name : keys_.items()) names.push_back(serving::Quoted(name));
    return Bad(std::string(kOneForm) + ". Received dictionary with input fields: [" +
               Join(names, ", ") + "].");
  }

  Status OtherKey(std::string_view key) {
    if (key == "request_id" && cursor_.Peek() == Kind::kString) {
      std::string_view id;
      if (!cursor_.String(&id)) return Syntax();
      request_.call.id = id;
      return {};
    }
    if (key == "params" && cursor_.Peek() == Kind::kObject) return Params();
    if (key == "params" && cursor_.Peek() != Kind::kNull) {
      return Bad("'params' must be a dictionary. Got " + KindName(cursor_.Peek()) + ".");
    }
    return cursor_.Skip() ? Status() : Syntax();
  }

  Status Params() {
    bool explain = false;
    std::string_view key;
    for (cursor_.EnterObject(); cursor_.NextKey(&key);) {
      Parameter parameter{key, false};
      bool scalar = false;
      if (!ReadScalar(cursor_, &parameter.value, &scalar)) return Syntax();
      if (!scalar) return UnknownParam(key);
      if (key == kExplainParameter) {
        QUERN_ASSIGN(explain, ReadExplainParameter(parameter.value));
      } else {
        parameters_.Add(parameter);
      }
    }
    if (cursor_.failed()) return Syntax();
    if (explain) return {};  // who explains knows its parameters
    for (const Parameter& parameter : parameters_.items()) {
      const bool number = std::holds_alternative<double>(parameter.value) ||
                          std::holds_alternative<int64_t>(parameter.value);
      const bool truth = std::holds_alternative<bool>(parameter.value);
      const bool known =
          (parameter.name == "threshold" && number) || (parameter.name == "probabilities" && truth);
      if (!known) return UnknownParam(parameter.name);
    }
    return {};
  }

  static std::unexpected<Error> UnknownParam(std::string_view name) {
    return Bad("'params' holds " + serving::Quoted(name) +
               ": there are 'threshold', a number, 'probabilities', true or false, and 'explain', "
               "true, which takes top, max_evaluations, seed and scale");
  }

  Status Form(std::string_view form) {
    request_.table = form == kForms[0] || form == kForms[1];
    if (request_.table) QUERN_TRY(table_.CheckTakesTable());
    if (form == "dataframe_split") return Split();
    if (form == "dataframe_records") {
      if (cursor_.Peek() != Kind::kArray) {
        return Invalid("Dataframe records format must be a list of records. Got " +
                       KindName(cursor_.Peek()) + ".");
      }
      return ReadRecords(cursor_, table_, form);
    }
    return form == "instances" ? inputs_.ReadInstances(form) : inputs_.ReadInputs(form);
  }

  Status Split() {
    if (cursor_.Peek() != Kind::kObject) {
      return Invalid("Dataframe split format must be a dictionary. Got " +
                     KindName(cursor_.Peek()) + ".");
    }
    ArenaList<size_t> columns(arena_, served_.columns().size());
    bool named = false;
    bool read = false;
    std::optional<size_t> data;
    std::string_view key;
    for (cursor_.EnterObject(); cursor_.NextKey(&key);) {
      if (key == "columns") {
        if (cursor_.Peek() == Kind::kNull) {
          if (!cursor_.Null()) return Syntax();
          continue;
        }
        named = true;
        QUERN_TRY(Columns(columns));
      } else if (key == "data") {
        if (cursor_.Peek() != Kind::kArray) {
          return Invalid(
              "Provided dataframe_split field is not a valid dataframe representation in "
              "'split' format: 'data' must be a list of rows");
        }
        data = cursor_.Offset();
        read = named;
        if (named) {
          QUERN_TRY(ReadRows(cursor_, table_, columns.items(), kForms[0]));
        } else if (!cursor_.Skip()) {
          return Syntax();
        }
      } else if (key == "index") {
        if (!cursor_.Skip()) return Syntax();
      } else {
        return WrongSplit();
      }
    }
    if (cursor_.failed()) return Syntax();
    if (!data) return WrongSplit();
    if (read) return {};
    const JsonCursor behind = cursor_;
    cursor_.Seek(*data);
    QUERN_TRY(named ? ReadRows(cursor_, table_, columns.items(), kForms[0])
                    : ReadNamelessRows(cursor_, table_, kForms[0]));
    cursor_ = behind;
    return {};
  }

  static std::unexpected<Error> WrongSplit() {
    return Invalid(
        "Dataframe split format must have 'data' field and optionally 'columns' and 'index' "
        "fields.");
  }

  /// Names of columns into their places in the table.
  Status Columns(ArenaList<size_t>& columns) {
    const auto bad = [] {
      return Invalid(
          "Provided dataframe_split field is not a valid dataframe representation in "
          "'split' format: 'columns' must be a list of names");
    };
    if (cursor_.Peek() != Kind::kArray) return bad();
    for (cursor_.EnterArray(); cursor_.NextItem();) {
      if (cursor_.Peek() != Kind::kString) return bad();
      std::string_view name;
      if (!cursor_.String(&name)) return Syntax();
      const auto column = table_.Find(name, columns.size());
      if (column && table_.claimed(*column)) {
        return Invalid(
            "Provided dataframe_split field is not a valid dataframe representation: column " +
            serving::Quoted(name) + " stands there twice");
      }
      if (column) table_.Claim(*column);
      columns.Add(column.value_or(kNone));
    }
    return cursor_.failed() ? Syntax() : Status();
  }

  Result<ScoringRequest> Finish() {
    request_.call.parameters = parameters_.items();
    if (std::string missing = inputs_.Missing(); !missing.empty()) return MissingInputs(missing);
    inputs_.Finish(&request_.call);
    return request_;
  }

  JsonCursor cursor_;
  const serving::ServedModel& served_;
  Arena& arena_;
  JsonInputs inputs_;
  TableBuilder& table_;
  ArenaList<std::string_view> keys_;
  ArenaList<Parameter> parameters_;
  ScoringRequest request_;
};

}  // namespace

Result<ScoringRequest> ReadScoringJson(std::string_view body, const serving::ServedModel& served,
                                       Arena& arena) {
  return Reader(body, served, arena).Run();
}

Result<ScoringRequest> ReadScoringCsv(std::string_view body, bool has_header,
                                      const serving::ServedModel& served, Arena& arena) {
  auto csv = ReadCsv(body, has_header, arena);
  if (!csv) {
    return Bad(
        "Failed to parse input as a Pandas DataFrame. Ensure that the input is a valid "
        "CSV-formatted Pandas DataFrame produced using the `pandas.DataFrame.to_csv()` "
        "method. Error: '" +
        csv.error().message + "'");
  }
  TableBuilder table(served, arena);
  QUERN_TRY(table.CheckTakesTable());
  ScoringRequest request;
  request.table = true;
  request.call.all_text = true;
  const size_t rows = csv->rows();
  if (!served.named_columns()) {
    std::span<int64_t> shape = arena.Make<int64_t>(2);
    shape[0] = static_cast<int64_t>(rows);
    shape[1] = static_cast<int64_t>(csv->width);
    std::span<NamedTensor> matrix = arena.Make<NamedTensor>(1);
    matrix[0] = {served.engine().inputs()[0].name,
                 {model::DataType::kBytes, shape, csv->cells.data()}};
    request.call.inputs = matrix;
    return request;
  }
  if (!has_header && csv->width != table.width()) {
    return Bad("CSV without a header has " + std::to_string(csv->width) +
               " columns, the model takes " + std::to_string(table.width()));
  }
  std::span<int64_t> shape = arena.Make<int64_t>(1);
  shape[0] = static_cast<int64_t>(rows);
  ArenaList<NamedTensor> columns(arena, table.width());
  for (size_t i = 0; i < csv->width; ++i) {
    const auto column = has_header ? table.Find(csv->header[i], i) : std::optional(i);
    if (!column) continue;
    table.Claim(*column);
    std::span<std::string_view> cells = arena.Make<std::string_view>(rows);
    for (size_t row = 0; row < rows; ++row) cells[row] = csv->cells[row * csv->width + i];
    columns.Add({table.name(*column), {model::DataType::kBytes, shape, cells.data()}});
  }
  if (std::string missing = table.Missing(); !missing.empty()) return MissingInputs(missing);
  request.call.inputs = columns.items();
  request.call.columns_only = true;
  return request;
}

}  // namespace quern::server::mlflow
