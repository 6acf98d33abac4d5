#pragma once
// Inside of exchange/ only: words and numbers of MLflow's files, tables and answers.
#include <optional>
#include <string>
#include <string_view>

namespace quern::exchange {

inline constexpr char kRunNameTag[] = "mlflow.runName";

/// "FINISHED" of 3 or of its name; nothing for what is no status of a run.
std::optional<std::string> RunStatusWord(std::string_view text);
/// The number in meta.yaml of "FINISHED".
int RunStatusNumber(std::string_view word);
/// "LOGGED_MODEL_READY" of 2, of "READY" or of its name.
std::optional<std::string> ModelStatusWord(std::string_view text);
int ModelStatusNumber(std::string_view word);

/// A value of a metric as Python writes it: nan and inf too, in any case.
std::optional<double> ParseMetricValue(std::string_view text);

}  // namespace quern::exchange
