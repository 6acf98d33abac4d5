#pragma once
// Errors as MLflow's clients read them: `{"error_code": "…", "message": "…"}` and the HTTP status
// of the code.
#include <string_view>

#include "base/error.h"
#include "net/http.h"

namespace quern::server::mlflow {

/// The HTTP status of one of MLflow's error codes; 500 for a word that is none. One differs from
/// MLflow's own table: INVALID_STATE is 400, because it is the caller's fault and MLflow's client
/// repeats a 500 for minutes.
int MlflowStatus(std::string_view error_code);
/// The error code that stands for one of ours: kInvalidArgument is INVALID_PARAMETER_VALUE,
/// kNotFound RESOURCE_DOES_NOT_EXIST, a full disk TEMPORARILY_UNAVAILABLE, …
std::string_view MlflowErrorCode(Code code);

/// An answer of that code. `message` is shown as it is; bytes that are not UTF-8 become '?'. 429
/// and 503 carry Retry-After.
net::HttpResponse MlflowError(std::string_view error_code, std::string_view message);
/// The same from an error value: "message (hint)". Internal failures are logged, and their text
/// stays out of the answer.
net::HttpResponse MlflowError(const Error& error);

}  // namespace quern::server::mlflow
