#include "server/tfs/predict_request.h"

#include <optional>

#include "server/explaining.h"
#include "server/http/arena_list.h"
#include "server/http/json_inputs.h"
#include "server/http/json_parameters.h"
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

Status ReadRequestId(JsonCursor& cursor, serving::InferenceCall* call) {
  std::string_view id;
  if (cursor.Peek() != Kind::kString) return Bad("'request_id' must be text");
  if (!cursor.String(&id)) return Malformed(cursor);
  call->id = id;
  return {};
}

Status ReadParameters(JsonCursor& cursor, ArenaList<serving::Parameter>& parameters) {
  if (cursor.Peek() == Kind::kNull) return cursor.Null() ? Status() : Malformed(cursor);
  if (cursor.Peek() != Kind::kObject) return Bad("'parameters' must be an object");
  std::string_view key;
  for (cursor.EnterObject(); cursor.NextKey(&key);) {
    serving::Parameter parameter{key, false};
    bool scalar = false;
    if (!ReadScalar(cursor, &parameter.value, &scalar)) return Malformed(cursor);
    if (!scalar) {
      return Bad("parameter " + serving::Quoted(key) + " must be a text, a number or a boolean");
    }
    // What it asks for is known before this is read.
    if (key == kExplainParameter) {
      QUERN_TRY(ReadExplainParameter(parameter.value));
    } else {
      parameters.Add(parameter);
    }
  }
  return cursor.failed() ? Status(Malformed(cursor)) : Status();
}

/// Of a list of rows or examples without any, nothing else need be said.
Status CheckMissing(const std::string& missing, bool no_rows) {
  if (missing.empty()) return {};
  if (no_rows) return Bad("the request holds no rows");
  return Bad("the model's inputs " + missing + " are missing");
}

}  // namespace

Result<PredictRequest> ReadPredict(std::string_view body, const serving::ServedModel& served,
                                   Arena& arena) {
  JsonCursor cursor(body, arena);
  JsonInputs inputs(cursor, served, arena);
  ArenaList<serving::Parameter> parameters(arena);
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
    } else if (key == "request_id") {
      QUERN_TRY(ReadRequestId(cursor, &request.call));
    } else if (key == "parameters") {
      if (!parameters.empty()) return Bad("the key 'parameters' stands there twice");
      QUERN_TRY(ReadParameters(cursor, parameters));
    } else if (!cursor.Skip()) {
      return Malformed(cursor);
    }
  }
  if (!cursor.Finish()) return BadJson(cursor);
  if (forms == 0) return Bad("there must be either 'instances' or 'inputs'");
  QUERN_TRY(CheckMissing(inputs.Missing(), request.by_row && inputs.table().rows() == 0));
  inputs.Finish(&request.call);
  request.call.parameters = parameters.items();
  return request;
}

Result<PredictRequest> ReadExamples(std::string_view body, const serving::ServedModel& served,
                                    Arena& arena) {
  JsonCursor cursor(body, arena);
  TableBuilder table(served, arena);
  QUERN_TRY(table.CheckTakesTable());
  PredictRequest request;
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
    if (key == "request_id") {
      QUERN_TRY(ReadRequestId(cursor, &request.call));
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
  QUERN_TRY(CheckMissing(table.Missing(), table.rows() == 0));
  request.call.inputs = table.Finish();
  request.call.columns_only = table.named();
  return request;
}

}  // namespace quern::server::tfs
