#pragma once
// The texts of a package's files. Private to this room.
#include <string>

#include "base/frame.h"
#include "base/result.h"
#include "ml/fitted.h"
#include "model/package.h"

namespace quern::model {

/// The version of MLflow whose layout is followed.
inline constexpr const char* kMlflowVersion = "3.17.2";

struct MlmodelFields {
  std::string model_uuid;
  std::string created;  // ISO, as FormatTime writes it
  std::string digest;
  uint64_t bytes = 0;
};
std::string MlmodelText(const Signature& signature, const MlmodelFields& fields);

/// `{"age": [[63.0], …], …}`: the columns of the signature as [rows, 1] arrays, missing as null.
/// kInvalidArgument: no rows, or a column that is absent or of the other type.
Result<std::string> ExampleText(const Signature& signature, const Frame& example);
/// The same as the body of an /invocations request.
std::string ServingExampleText(const std::string& example);

std::string RequirementsText();
std::string CondaText();
std::string PythonEnvText();

}  // namespace quern::model
