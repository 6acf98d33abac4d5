#pragma once
// What the tests of this room share: the Cleveland rows and fixtures of reference values.
#include <boost/json.hpp>
#include <cmath>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "ml/fit.h"

namespace quern::ml::testing {

inline std::string ReadAll(const std::string& path) {
  std::ifstream in(std::string(QUERN_SOURCE_DIR) + "/" + path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

inline json::value Fixture(const std::string& name) {
  auto parsed = ParseJson(ReadAll("tests/parity/data/" + name), {.name = name});
  return parsed ? *parsed : json::value(nullptr);
}

inline double Number(const json::value& value) {
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.to_number<double>();
}

inline std::vector<double> Numbers(const json::value& value) {
  std::vector<double> out;
  for (const json::value& v : value.as_array()) out.push_back(Number(v));
  return out;
}

inline std::vector<uint32_t> Indices(const json::value& value) {
  std::vector<uint32_t> out;
  for (const json::value& v : value.as_array()) out.push_back(v.to_number<uint32_t>());
  return out;
}

/// One numeric column per name of the header; "?" is missing.
inline Frame Cleveland() {
  Frame frame;
  std::istringstream lines(ReadAll("examples/heart/data/processed.cleveland.data"));
  std::string line;
  std::getline(lines, line);
  for (const std::string_view name : quern::Split(Trim(line), ','))
    frame.columns.push_back({std::string(name), false, {}, {}});
  while (std::getline(lines, line)) {
    size_t c = 0;
    for (const std::string_view field : quern::Split(Trim(line), ','))
      frame.columns[c++].numbers.push_back(
          ParseDouble(field).value_or(std::numeric_limits<double>::quiet_NaN()));
  }
  return frame;
}

/// Disease yes or no.
inline Target Disease(const Frame& frame) {
  Target target;
  target.classes = {"0", "1"};
  target.numeric_classes = true;
  for (const double stage : frame.Find("target")->numbers)
    target.index.push_back(stage > 0 ? 1 : 0);
  return target;
}

inline Target Numeric(std::vector<double> values) {
  Target target;
  target.task = Task::kRegression;
  target.values = std::move(values);
  return target;
}

/// Medians and standard scaling; most frequent and one-hot; all columns but the target and
/// `without`.
inline PrepSpec HeartPrep(const std::string& without = "") {
  PrepSpec prep;
  for (const char* name : {"age", "trestbps", "chol", "thalach", "oldpeak", "ca"})
    if (name != without) prep.inputs.push_back({name, false, false});
  for (const char* name : {"sex", "cp", "fbs", "restecg", "exang", "slope", "thal"})
    if (name != without) prep.inputs.push_back({name, true, false});
  return prep;
}

/// Rows that are not in `test`.
inline std::vector<uint32_t> Others(size_t rows, const std::vector<uint32_t>& test) {
  const std::set<uint32_t> out(test.begin(), test.end());
  std::vector<uint32_t> train;
  for (uint32_t r = 0; r < rows; ++r)
    if (!out.contains(r)) train.push_back(r);
  return train;
}

/// Largest absolute difference; infinity if lengths differ.
inline double Distance(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
  double most = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) && std::isnan(b[i])) continue;
    if (std::isnan(a[i]) || std::isnan(b[i])) return std::numeric_limits<double>::infinity();
    most = std::max(most, std::abs(a[i] - b[i]));
  }
  return most;
}

}  // namespace quern::ml::testing
