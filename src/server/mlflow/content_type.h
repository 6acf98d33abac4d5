#pragma once
#include <string>
#include <string_view>

namespace quern::server::mlflow {

/// The media type under which MLflow's server gives out a file of that name: text files of every
/// kind as text/plain (MLmodel, .json, .yaml, .py, .csv, …), pictures and the like as what they
/// are, anything else as application/octet-stream. By the name alone.
std::string ContentTypeOf(std::string_view path);

}  // namespace quern::server::mlflow
