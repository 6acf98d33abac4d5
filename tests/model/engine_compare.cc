#include "tests/model/engine_compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace quern::model::testing {
namespace {

bool Near(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return a == b || std::abs(a - b) <= 1e-6 * std::max(1.0, std::abs(b));
}

template <class T>
std::string FirstDifference(const TensorView& tested, const TensorView& reference) {
  const auto a = tested.values<T>();
  const auto b = reference.values<T>();
  for (size_t i = 0; i < a.size(); ++i) {
    bool same = a[i] == b[i];
    if constexpr (std::is_floating_point_v<T>) {
      same = Near(static_cast<double>(a[i]), static_cast<double>(b[i]));
    }
    if (!same) return fmt::format("element {}: {} instead of {}", i, a[i], b[i]);
  }
  return "";
}

}  // namespace

Batch::Batch(const std::vector<TensorSpec>& inputs, const Frame& rows, Arena& arena) {
  for (const TensorSpec& spec : inputs) {
    const Column& column = *rows.Find(spec.name);
    const std::span<int64_t> shape = arena.Make<int64_t>(2);
    shape[0] = static_cast<int64_t>(column.size());
    shape[1] = 1;
    if (!column.is_text) {
      views_.push_back({DataType::kFp64, shape, column.numbers.data()});
      continue;
    }
    const auto texts = arena.Make<std::string_view>(column.size());
    std::copy(column.texts.begin(), column.texts.end(), texts.begin());
    views_.push_back({DataType::kBytes, shape, texts.data()});
  }
}

std::string Difference(const TensorView& tested, const TensorView& reference) {
  if (tested.type != reference.type) {
    return fmt::format("{} instead of {}", DataTypeName(tested.type), DataTypeName(reference.type));
  }
  if (!std::ranges::equal(tested.shape, reference.shape)) {
    return fmt::format("shape {} instead of {}", fmt::join(tested.shape, ","),
                       fmt::join(reference.shape, ","));
  }
  switch (tested.type) {
    case DataType::kFp64:
      return FirstDifference<double>(tested, reference);
    case DataType::kFp32:
      return FirstDifference<float>(tested, reference);
    case DataType::kBytes:
      return FirstDifference<std::string_view>(tested, reference);
    default:
      break;
  }
  switch (ElementSize(tested.type)) {
    case 8:
      return FirstDifference<int64_t>(tested, reference);
    case 4:
      return FirstDifference<int32_t>(tested, reference);
    case 2:
      return FirstDifference<uint16_t>(tested, reference);
    default:
      return FirstDifference<uint8_t>(tested, reference);
  }
}

std::string Difference(const Engine& tested, const Engine& reference,
                       std::span<const TensorView> inputs, Arena& arena) {
  std::vector<TensorView> a(tested.outputs().size());
  std::vector<TensorView> b(reference.outputs().size());
  if (a.size() != b.size()) return "another number of outputs";
  const Status first = tested.Run(inputs, arena, a);
  const Status second = reference.Run(inputs, arena, b);
  if (!first) return first.error().ToString();
  if (!second) return "the reference: " + second.error().ToString();
  for (size_t i = 0; i < a.size(); ++i) {
    const std::string difference = Difference(a[i], b[i]);
    if (!difference.empty()) return tested.outputs()[i].name + ": " + difference;
  }
  return "";
}

}  // namespace quern::model::testing
