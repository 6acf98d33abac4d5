#include "serving/batch_trial.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string_view>

#include "base/arena.h"
#include "base/time.h"
#include "serving/convert.h"
#include "serving/joint_run.h"

namespace quern::serving {
namespace {

using model::DataType;
using model::TensorSpec;
using model::TensorView;

/// Of an open dimension that is not the rows: long enough to show what work it makes.
constexpr int64_t kOpenLength = 8;
/// Rows of the trial, and of a model that takes longer than kSlowSeconds for one.
constexpr size_t kRows = 8;
constexpr size_t kSlowRows = 2;
constexpr double kSlowSeconds = 0.02;
/// The quickest of so many rounds counts: others may use the processor too.
constexpr size_t kRounds = 3;
/// Share of the time by itself that a row may need together.
constexpr double kPays = 0.8;

template <class T>
void Fill(std::byte* room, size_t count, T (*make)(std::minstd_rand&), std::minstd_rand& random) {
  T* values = reinterpret_cast<T*>(room);
  for (size_t i = 0; i < count; ++i) values[i] = make(random);
}

/// From -2 to 2.
double Number(std::minstd_rand& random) {
  return std::uniform_real_distribution<double>(-2, 2)(random);
}

/// Numbers, and 0 or 1 where they are whole: indices into anything are valid then. Half precision
/// holds 1 or 2.
void MakeValues(DataType type, std::byte* room, size_t count, std::minstd_rand& random) {
  using R = std::minstd_rand;
  switch (type) {
    case DataType::kFp64:
      return Fill<double>(room, count, Number, random);
    case DataType::kFp32:
      return Fill<float>(room, count, [](R& r) { return static_cast<float>(Number(r)); }, random);
    case DataType::kFp16:
      return Fill<uint16_t>(
          room, count, [](R& r) -> uint16_t { return r() % 2 == 0 ? 0x3C00 : 0x4000; }, random);
    case DataType::kBf16:
      return Fill<uint16_t>(
          room, count, [](R& r) -> uint16_t { return r() % 2 == 0 ? 0x3F80 : 0x4000; }, random);
    case DataType::kBytes:
      return Fill<std::string_view>(
          room, count, [](R& r) { return std::string_view(r() % 2 == 0 ? "a" : "b"); }, random);
    case DataType::kInt64:
    case DataType::kUint64:
      return Fill<uint64_t>(room, count, [](R& r) { return uint64_t{r() % 2}; }, random);
    case DataType::kInt32:
    case DataType::kUint32:
      return Fill<uint32_t>(
          room, count, [](R& r) { return static_cast<uint32_t>(r() % 2); }, random);
    case DataType::kInt16:
    case DataType::kUint16:
      return Fill<uint16_t>(
          room, count, [](R& r) { return static_cast<uint16_t>(r() % 2); }, random);
    default:
      return Fill<uint8_t>(room, count, [](R& r) { return static_cast<uint8_t>(r() % 2); }, random);
  }
}

/// One row of made-up values.
std::span<const TensorView> MakeRow(const model::Engine& engine, std::minstd_rand& random,
                                    Arena& arena) {
  const std::span<TensorView> views = arena.Make<TensorView>(engine.inputs().size());
  for (size_t i = 0; i < views.size(); ++i) {
    const TensorSpec& spec = engine.inputs()[i];
    const std::span<int64_t> shape = arena.Make<int64_t>(spec.shape.size());
    for (size_t d = 0; d < shape.size(); ++d) {
      shape[d] = spec.shape[d] >= 0 ? spec.shape[d] : d == 0 ? 1 : kOpenLength;
    }
    views[i] = {spec.type, shape, nullptr};
    const size_t count = views[i].elements();
    const size_t bytes = count * model::ElementSize(spec.type);
    auto* room = reinterpret_cast<std::byte*>(arena.Make<uint64_t>((bytes + 7) / 8).data());
    MakeValues(spec.type, room, count, random);
    views[i].data = room;
  }
  return views;
}

double Tolerance(DataType type) {
  if (type == DataType::kFp16 || type == DataType::kBf16) return 1e-2;
  return type == DataType::kFp32 || type == DataType::kFp64 ? 1e-5 : 0;
}

bool SameValues(const TensorView& a, const TensorView& b) {
  if (!std::ranges::equal(a.shape, b.shape)) return false;
  if (a.type == DataType::kBytes) {
    return std::ranges::equal(a.values<std::string_view>(), b.values<std::string_view>());
  }
  for (size_t i = 0; i < a.elements(); ++i) {
    const double one = NumberAt(a.type, a.data, i);
    const double other = NumberAt(b.type, b.data, i);
    if (one == other || (std::isnan(one) && std::isnan(other))) continue;
    const double size = std::max({1.0, std::abs(one), std::abs(other)});
    // Not so for NaN against a number.
    if (!(std::abs(one - other) <= Tolerance(a.type) * size)) return false;
  }
  return true;
}

/// The rows of a trial and where their answers go.
struct Rows {
  Rows(const model::Engine& engine, size_t count) {
    std::minstd_rand random(1);
    for (size_t i = 0; i < count; ++i) {
      alone.push_back({MakeRow(engine, random, arena), 1,
                       arena.Make<TensorView>(engine.outputs().size()), &arena});
      together.push_back(alone.back());
      together.back().outputs = arena.Make<TensorView>(engine.outputs().size());
    }
  }
  Arena arena;
  std::vector<JointCall> alone;
  std::vector<JointCall> together;
};

/// Runs both ways and keeps the shorter times.
Status Round(const model::Engine& engine, Rows& rows, BatchTrial* trial) {
  EngineRun times;
  Arena scratch;
  const double begin = MonotonicSeconds();
  for (const JointCall& call : rows.alone) {
    QUERN_TRY(RunJoined(engine, {&call, 1}, scratch, &times));
  }
  const double alone = MonotonicSeconds();
  QUERN_TRY(RunJoined(engine, rows.together, scratch, &times));
  const double per_row = 1e6 / static_cast<double>(rows.alone.size());
  trial->alone_us = std::min(trial->alone_us, (alone - begin) * per_row);
  trial->together_us = std::min(trial->together_us, (MonotonicSeconds() - alone) * per_row);
  return {};
}

}  // namespace

BatchTrial TryBatch(const model::Engine& engine) {
  BatchTrial trial;
  trial.alone_us = trial.together_us = std::numeric_limits<double>::infinity();
  if (!OpenRows(engine)) {
    trial.against = "not every input and output has rows";
    return trial;
  }
  Rows one(engine, 1);
  const double begin = MonotonicSeconds();
  Status status = Round(engine, one, &trial);
  const bool slow = MonotonicSeconds() - begin > 2 * kSlowSeconds;
  trial.rows = slow ? kSlowRows : kRows;
  trial.alone_us = trial.together_us = std::numeric_limits<double>::infinity();
  Rows rows(engine, trial.rows);
  for (size_t i = 0; status && i < (slow ? 1 : kRounds); ++i) {
    status = Round(engine, rows, &trial);
  }
  if (!status) {
    trial.against = "it does not take the rows of the trial: " + status.error().message;
    return trial;
  }
  for (size_t row = 0; row < rows.alone.size(); ++row) {
    if (!std::ranges::equal(rows.alone[row].outputs, rows.together[row].outputs, SameValues)) {
      trial.against = "what it answers for a row depends on the rows beside it";
      return trial;
    }
  }
  if (trial.together_us > kPays * trial.alone_us) trial.against = "it gains too little";
  return trial;
}

}  // namespace quern::serving
