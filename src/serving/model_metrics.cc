#include "serving/model_metrics.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <limits>
#include <string_view>

#include "base/text.h"

namespace quern::serving {
namespace {

using model::DataType;
using model::TensorView;

/// Adds to `missing[c]` per element of an [N,F] tensor; columns of further inputs than are known
/// are not counted.
template <typename T, typename IsMissing>
void CountIn(const TensorView& tensor, std::span<uint64_t> missing, IsMissing is_missing) {
  const std::span<const T> values = tensor.values<T>();
  if (missing.empty()) return;
  if (missing.size() == 1) {
    // Eight at a time, which the compiler makes one instruction of.
    std::array<uint64_t, 8> counts{};
    size_t at = 0;
    for (; at + counts.size() <= values.size(); at += counts.size()) {
      for (size_t i = 0; i < counts.size(); ++i) counts[i] += is_missing(values[at + i]) ? 1 : 0;
    }
    for (; at < values.size(); ++at) counts[0] += is_missing(values[at]) ? 1 : 0;
    for (uint64_t count : counts) missing[0] += count;
    return;
  }
  for (size_t i = 0, column = 0; i < values.size(); ++i) {
    missing[column] += is_missing(values[i]) ? 1 : 0;
    if (++column == missing.size()) column = 0;
  }
}

void CountTensor(const TensorView& tensor, std::span<uint64_t> missing) {
  switch (tensor.type) {
    case DataType::kFp64:
      return CountIn<double>(tensor, missing, [](double v) { return v != v; });
    case DataType::kFp32:
      return CountIn<float>(tensor, missing, [](float v) { return v != v; });
    case DataType::kBytes:
      return CountIn<std::string_view>(tensor, missing, [](auto v) { return v.empty(); });
    default:
      return;  // integers have no value for "missing"
  }
}

}  // namespace

ModelMetrics::ModelMetrics(std::vector<std::string> columns, std::vector<std::string> classes)
    : columns_(std::move(columns)),
      classes_(std::move(classes)),
      parts_(std::make_unique<std::array<Part, kParts>>()) {
  for (const std::string& name : classes_) {
    class_numbers_.push_back(ParseDouble(name).value_or(std::numeric_limits<double>::quiet_NaN()));
  }
  for (Part& part : *parts_) {
    MutexLock lock(part.mutex);
    part.totals.classes.resize(classes_.size());
    part.totals.missing.resize(columns_.size());
  }
}

ModelMetrics::Part& ModelMetrics::Mine() const {
  static std::atomic<size_t> next{0};
  thread_local const size_t mine = next.fetch_add(1, std::memory_order_relaxed) % kParts;
  return (*parts_)[mine];
}

void ModelMetrics::Request(int code, double seconds) {
  Part& part = Mine();
  MutexLock lock(part.mutex);
  Totals& totals = part.totals;
  // The last place takes what no place is left for: the statuses in use are far fewer.
  size_t at = 0;
  while (at + 1 < kMaxCodes && totals.codes[at].second > 0 && totals.codes[at].first != code) ++at;
  totals.codes[at].first = code;
  ++totals.codes[at].second;
  totals.seconds.Observe(kSecondBounds, seconds);
  const auto ns = static_cast<uint64_t>(std::max(seconds, 0.0) * 1e9);
  (code < 400 ? totals.success : totals.fail).Add(ns);
}

void ModelMetrics::Scored(const ScoredBatch& batch) {
  Part& part = Mine();
  MutexLock lock(part.mutex);
  Totals& totals = part.totals;
  totals.rows += batch.rows;
  if (batch.run.rows > 0) CountRun(batch.run, totals);
  totals.last_ms = batch.now_ms;
  totals.batch.Observe(kBatchBounds, static_cast<double>(batch.rows));
  totals.queue.Add(batch.times.queue);
  totals.input.Add(batch.times.input);
  totals.infer.Add(batch.times.infer);
  totals.output.Add(batch.times.output);
  CountMissing(batch, totals);
  CountClasses(batch, totals);
}

void ModelMetrics::Explained(size_t rows) {
  Part& part = Mine();
  MutexLock lock(part.mutex);
  part.totals.explained += rows;
}

void ModelMetrics::Ran(const EngineRun& run) {
  Part& part = Mine();
  MutexLock lock(part.mutex);
  CountRun(run, part.totals);
}

void ModelMetrics::CountRun(const EngineRun& run, Totals& totals) {
  ++totals.executions;
  totals.run.Observe(kBatchBounds, static_cast<double>(run.rows));
  if (run.rows > kMaxRunRows) return;
  if (totals.runs.size() < run.rows) totals.runs.resize(run.rows);
  RunsOfSize& runs = totals.runs[run.rows - 1];
  ++runs.count;
  runs.input += run.input;
  runs.infer += run.infer;
  runs.output += run.output;
}

void ModelMetrics::CountMissing(const ScoredBatch& batch, Totals& totals) const {
  std::span<uint64_t> missing(totals.missing);
  if (batch.matrix) {
    if (batch.inputs.size() == 1 && batch.inputs[0].elements() == batch.rows * missing.size()) {
      CountTensor(batch.inputs[0], missing);
    }
    return;
  }
  for (size_t i = 0; i < batch.inputs.size() && i < missing.size(); ++i) {
    CountTensor(batch.inputs[i], missing.subspan(i, 1));
  }
}

/// `is_class(row, index)`: whether the row's label is that class.
template <typename IsClass>
void ModelMetrics::CountRows(const ScoredBatch& batch, const IsClass& is_class,
                             Totals& totals) const {
  const size_t width = classes_.size();
  const double* scores = batch.scores->values<double>().data();
  for (size_t row = 0; row < batch.rows; ++row, scores += width) {
    // Mostly the likeliest class; a threshold may say otherwise.
    size_t label = static_cast<size_t>(std::max_element(scores, scores + width) - scores);
    if (!is_class(row, label)) {
      label = 0;
      while (label < width && !is_class(row, label)) ++label;
      if (label == width) continue;
    }
    ++totals.classes[label];
    totals.score.Observe(kScoreBounds, scores[width == 2 ? 1 : label]);
  }
}

void ModelMetrics::CountClasses(const ScoredBatch& batch, Totals& totals) const {
  const size_t width = classes_.size();
  if (width == 0 || batch.scores == nullptr || batch.labels == nullptr ||
      batch.scores->elements() != batch.rows * width || batch.labels->elements() != batch.rows) {
    return;
  }
  const auto among = [](const auto* labels, const auto& known) {
    return [labels, &known](size_t row, size_t index) { return labels[row] == known[index]; };
  };
  const TensorView& labels = *batch.labels;
  switch (labels.type) {
    case DataType::kInt64: {
      const int64_t* whole = labels.values<int64_t>().data();
      return CountRows(
          batch,
          [&](size_t row, size_t i) {
            return static_cast<double>(whole[row]) == class_numbers_[i];
          },
          totals);
    }
    case DataType::kFp64:
      return CountRows(batch, among(labels.values<double>().data(), class_numbers_), totals);
    case DataType::kBytes:
      return CountRows(batch, among(labels.values<std::string_view>().data(), classes_), totals);
    default:
      return;
  }
}

ModelMetrics::Totals ModelMetrics::Sum() const {
  Totals sum;
  sum.classes.resize(classes_.size());
  sum.missing.resize(columns_.size());
  for (const Part& part : *parts_) {
    MutexLock lock(part.mutex);
    const Totals& totals = part.totals;
    for (const auto& [code, count] : totals.codes) {
      if (count == 0) continue;
      size_t at = 0;
      while (at + 1 < kMaxCodes && sum.codes[at].second > 0 && sum.codes[at].first != code) ++at;
      sum.codes[at].first = code;
      sum.codes[at].second += count;
    }
    sum.seconds.Add(totals.seconds);
    sum.batch.Add(totals.batch);
    sum.run.Add(totals.run);
    sum.runs.resize(std::max(sum.runs.size(), totals.runs.size()));
    for (size_t i = 0; i < totals.runs.size(); ++i) {
      sum.runs[i].count += totals.runs[i].count;
      sum.runs[i].input += totals.runs[i].input;
      sum.runs[i].infer += totals.runs[i].infer;
      sum.runs[i].output += totals.runs[i].output;
    }
    sum.score.Add(totals.score);
    for (size_t i = 0; i < sum.classes.size(); ++i) sum.classes[i] += totals.classes[i];
    for (size_t i = 0; i < sum.missing.size(); ++i) sum.missing[i] += totals.missing[i];
    sum.rows += totals.rows;
    sum.executions += totals.executions;
    sum.explained += totals.explained;
    sum.last_ms = std::max(sum.last_ms, totals.last_ms);
    sum.success.Add(totals.success);
    sum.fail.Add(totals.fail);
    sum.queue.Add(totals.queue);
    sum.input.Add(totals.input);
    sum.infer.Add(totals.infer);
    sum.output.Add(totals.output);
  }
  std::sort(sum.codes.begin(), sum.codes.end(), [](const auto& a, const auto& b) {
    return (a.second > 0) != (b.second > 0) ? a.second > 0 : a.first < b.first;
  });
  return sum;
}

}  // namespace quern::serving
