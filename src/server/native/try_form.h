#pragma once
// The fields by which a person asks a served model: from what the model takes, and from what its
// package knows of the columns.
#include <string>

#include "base/json.h"

namespace quern::server::native {

/// `metadata`: what the model server says of the model (Open Inference Protocol); `described` and
/// `example`: quern.json and serving_input_example.json of the package, null where there is none.
/// {table, columns: [{name, datatype, kind, shape, labels, low, high, missing, example}], inputs:
/// the model's tensors as the server lists them, outputs, positive, classes, threshold}; kind is
/// number, integer, text, boolean or category. `table` is false for a model that takes tensors.
json::object TryForm(const json::value& metadata, const json::value& described,
                     const json::value& example);

}  // namespace quern::server::native
