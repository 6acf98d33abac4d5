#pragma once
// The example's hospitals as frames, read plainly: for tests.
#include <cmath>
#include <string>

#include "base/frame.h"
#include "base/fs.h"
#include "base/text.h"
#include "monitoring/drift.h"

namespace quern::monitoring {

inline Frame LoadHospital(const std::string& name) {
  const auto text =
      RealFs().Read(QUERN_SOURCE_DIR "/examples/heart/data/processed." + name + ".data");
  Frame frame;
  if (!text.has_value()) return frame;
  for (std::string_view line : Split(*text, '\n')) {
    line = Trim(line);
    if (line.empty()) continue;
    const auto cells = Split(line, ',');
    if (frame.columns.empty()) {
      for (std::string_view cell : cells) {
        frame.columns.push_back({std::string(cell), false, {}, {}});
      }
      continue;
    }
    for (size_t i = 0; i < frame.columns.size(); ++i) {
      const auto number = i < cells.size() ? ParseDouble(cells[i]) : std::nullopt;
      frame.columns[i].numbers.push_back(number.value_or(std::nan("")));
    }
  }
  return frame;
}

inline DriftOptions HeartOptions() {
  DriftOptions options;
  for (const char* name : {"sex", "cp", "fbs", "restecg", "exang", "slope", "thal"}) {
    options.kinds[name] = ColumnKind::kCategory;
  }
  for (const char* name : {"age", "trestbps", "chol", "thalach", "oldpeak", "ca"}) {
    options.kinds[name] = ColumnKind::kNumber;
  }
  options.ignore = {"target"};
  return options;
}

}  // namespace quern::monitoring
