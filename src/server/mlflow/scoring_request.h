#pragma once
// The body of POST /invocations, as MLflow's scoring server (version 3) takes it.
#include <string>
#include <string_view>

#include "base/frame.h"
#include "base/result.h"
#include "serving/model.h"

namespace quern::server::mlflow {

struct ScoringRequest {
  Frame rows;
  /// Our own addition: the top-level key `request_id`; "" if absent.
  std::string request_id;
};

/// An object with exactly one of dataframe_split, dataframe_records, instances, inputs. Columns are
/// found by name; further ones are ignored. Texts of errors are MLflow's where clients look for
/// them.
Result<ScoringRequest> ParseJsonRequest(std::string_view body, const serving::Signature& signature);
/// With a header row, as DataFrame.to_csv(index=False) writes.
Result<ScoringRequest> ParseCsvRequest(std::string_view body, const serving::Signature& signature);

}  // namespace quern::server::mlflow
