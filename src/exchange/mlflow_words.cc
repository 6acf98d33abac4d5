#include "exchange/mlflow_words.h"

#include <array>
#include <cmath>
#include <limits>
#include <span>

#include "base/text.h"

namespace quern::exchange {
namespace {

/// By number, from 1, as MLflow's messages number them.
constexpr std::array<std::string_view, 5> kRunStates{"RUNNING", "SCHEDULED", "FINISHED", "FAILED",
                                                     "KILLED"};
constexpr std::array<std::string_view, 3> kModelStates{"LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY",
                                                       "LOGGED_MODEL_UPLOAD_FAILED"};

std::optional<std::string> WordOf(std::span<const std::string_view> words, std::string_view text,
                                  std::string_view prefix) {
  for (size_t i = 0; i < words.size(); ++i) {
    if (text == words[i] || text == std::to_string(i + 1)) return std::string(words[i]);
    if (!prefix.empty() && std::string(prefix) + std::string(text) == words[i]) {
      return std::string(words[i]);
    }
  }
  return std::nullopt;
}

int NumberOf(std::span<const std::string_view> words, std::string_view word) {
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == word) return static_cast<int>(i) + 1;
  }
  return 1;
}

}  // namespace

std::optional<std::string> RunStatusWord(std::string_view text) {
  return WordOf(kRunStates, text, "");
}
int RunStatusNumber(std::string_view word) { return NumberOf(kRunStates, word); }

std::optional<std::string> ModelStatusWord(std::string_view text) {
  // MLflow's entities have shorter words than its protocol; a model without a status is pending.
  if (text == "FAILED") text = "UPLOAD_FAILED";
  if (text == "0" || text == "UNSPECIFIED") text = "PENDING";
  return WordOf(kModelStates, text, "LOGGED_MODEL_");
}
int ModelStatusNumber(std::string_view word) { return NumberOf(kModelStates, word); }

std::optional<double> ParseMetricValue(std::string_view text) {
  std::string word = ToLower(text);
  const bool minus = word.starts_with('-');
  if (minus || word.starts_with('+')) word.erase(0, 1);
  constexpr double kInf = std::numeric_limits<double>::infinity();
  if (word == "nan") return std::nan("");
  if (word == "inf" || word == "infinity") return minus ? -kInf : kInf;
  if (text.find_first_of(" \t") != std::string_view::npos) return std::nullopt;
  return ParseDouble(text);
}

}  // namespace quern::exchange
