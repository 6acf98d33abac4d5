#include "server/tfs/predict_request.h"

#include <optional>

#include "server/http/json_inputs.h"
#include "server/http/json_table.h"
#include "serving/input_binding.h"

namespace quern::server::tfs {
namespace {

using Kind = JsonCursor::Kind;

std::unexpected<Error> Bad(std::string what) {
  return Fail(Code::kInvalidArgument, std::move(what));
}

std::unexpected<Error> Malformed(JsonCursor& cursor) {
  cursor.Refuse("expected a value");
  return BadJson(cursor);
}

Status ReadSignatureName(JsonCursor& cursor) {
  std::string_view name;
  if (cursor.Peek() != Kind::kString) return Bad("'signature_name' must be text");
  if (!cursor.String(&name)) return Malformed(cursor);
  if (name.empty() || name == "serving_default") return {};
  return Bad("there is no signature " + serving::Quoted(name) + ", only 'serving_default'");
}

Status CheckMissing(const std::string& missing) {
  if (missing.empty()) return {};
  return Bad("the model's inputs " + missing + " are missing");
}

}  // namespace

Result<PredictRequest> ReadPredict(std::string_view body, const serving::ServedModel& served,
                                   Arena& arena) {
  JsonCursor cursor(body, arena);
  JsonInputs inputs(cursor, served, arena);
  PredictRequest request;
  if (cursor.Peek() == Kind::kNone) return Malformed(cursor);
  if (cursor.Peek() != Kind::kObject) return Bad("the request body must be a JSON object");
  std::string_view key;
  size_t forms = 0;
  for (cursor.EnterObject(); cursor.NextKey(&key);) {
    if (key == "instances" || key == "inputs") {
      if (++forms > 1) return Bad("there must be either 'instances' or 'inputs', once");
      request.by_row = key == "instances";
      QUERN_TRY(request.by_row ? inputs.ReadInstances(key) : inputs.ReadInputs(key));
    } else if (key == "signature_name") {
      QUERN_TRY(ReadSignatureName(cursor));
    } else if (!cursor.Skip()) {
      return Malformed(cursor);
    }
  }
  if (!cursor.Finish()) return BadJson(cursor);
  if (forms == 0) return Bad("there must be either 'instances' or 'inputs'");
  QUERN_TRY(CheckMissing(inputs.Missing()));
  inputs.Finish(&request.call);
  return request;
}

Result<PredictRequest> ReadExamples(std::string_view body, const serving::ServedModel& served,
                                    Arena& arena) {
  JsonCursor cursor(body, arena);
  TableBuilder table(served, arena);
  QUERN_TRY(table.CheckTakesTable());
  std::optional<JsonCursor> context;
  std::optional<JsonCursor> examples;
  if (cursor.Peek() == Kind::kNone) return Malformed(cursor);
  if (cursor.Peek() != Kind::kObject) return Bad("the request body must be a JSON object");
  std::string_view key;
  for (cursor.EnterObject(); cursor.NextKey(&key);) {
    if (key == "signature_name") {
      QUERN_TRY(ReadSignatureName(cursor));
      continue;
    }
    if (key == "context") context = cursor;
    if (key == "examples") examples = cursor;
    if (!cursor.Skip()) return Malformed(cursor);
  }
  if (!cursor.Finish()) return BadJson(cursor);
  if (!examples || examples->Peek() != Kind::kArray) return Bad("'examples' must be a list");
  if (context && context->Peek() != Kind::kObject) return Bad("'context' must be an object");
  for (examples->EnterArray(); examples->NextItem();) {
    table.BeginRow();
    if (examples->Peek() != Kind::kObject) {
      return Bad("example " + std::to_string(table.rows() - 1) + " is no object");
    }
    QUERN_TRY(ReadRecord(*examples, table));
    if (context) {
      JsonCursor again = *context;
      QUERN_TRY(ReadRecord(again, table));
    }
  }
  QUERN_TRY(CheckMissing(table.Missing()));
  PredictRequest request;
  request.call.inputs = table.Finish();
  request.call.columns_only = table.named();
  return request;
}

}  // namespace quern::server::tfs
