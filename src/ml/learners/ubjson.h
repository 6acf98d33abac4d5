#pragma once
// Reader of the part of UBJSON (draft 12) that XGBoost writes. Private to ml/learners.
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace quern::ml {

/// One value. Arrays of numbers alone are `numbers`, other arrays `items`.
struct UbjValue {
  enum class Kind { kNull, kNumber, kText, kNumbers, kItems, kObject } kind = Kind::kNull;
  double number = 0;
  std::string text;
  std::vector<double> numbers;
  std::vector<UbjValue> items;
  std::map<std::string, UbjValue> members;

  /// The member of that name, or null.
  const UbjValue* Find(const std::string& name) const;
};

/// kDataLoss: truncated, nested too deeply or a type that is not read here.
Result<UbjValue> ParseUbjson(std::string_view bytes);

}  // namespace quern::ml
