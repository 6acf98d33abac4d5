#pragma once
// A parameter of a request, as JSON has it.
#include "base/result.h"
#include "server/http/json_cursor.h"
#include "serving/inference_call.h"

namespace quern::server {

/// Reads a text, a number or a boolean at the cursor into `value`; anything else is passed over,
/// and `scalar` is false. False if the text is no JSON: the cursor has the problem.
bool ReadScalar(JsonCursor& cursor, serving::ParameterValue* value, bool* scalar);

}  // namespace quern::server
