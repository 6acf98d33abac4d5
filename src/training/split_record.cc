// What the splits really are: groups that stand on both sides, times that overlap.
#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "training/train.h"

namespace quern::training {
namespace {

using Rows = std::span<const uint32_t>;

/// Rows of the dataset that rows of a part of it are.
std::vector<uint32_t> Through(const std::vector<uint32_t>& part, Rows rows) {
  std::vector<uint32_t> out;
  out.reserve(rows.size());
  for (uint32_t row : rows) out.push_back(part[row]);
  return out;
}

size_t SharedGroups(const std::vector<uint32_t>& ids, Rows train, Rows test) {
  std::set<uint32_t> seen, shared;
  for (uint32_t row : train) seen.insert(ids[row]);
  for (uint32_t row : test) {
    if (seen.contains(ids[row])) shared.insert(ids[row]);
  }
  return shared.size();
}

json::value TimeAt(const Column& times, uint32_t row) {
  if (times.is_text) return json::value(times.texts[row]);
  return json::value(times.numbers[row]);
}

bool Earlier(const Column& times, uint32_t a, uint32_t b) {
  return times.is_text ? times.texts[a] < times.texts[b] : times.numbers[a] < times.numbers[b];
}

json::object PartRecord(const std::string& name, const Dataset& dataset,
                        const std::vector<uint32_t>& groups, Rows train, Rows test) {
  json::object part{{"name", name}, {"train_rows", train.size()}, {"test_rows", test.size()}};
  if (!groups.empty()) part["shared_groups"] = SharedGroups(groups, train, test);
  if (dataset.times && !train.empty() && !test.empty()) {
    const auto earlier = [&](uint32_t a, uint32_t b) { return Earlier(*dataset.times, a, b); };
    part["train_until"] =
        TimeAt(*dataset.times, *std::max_element(train.begin(), train.end(), earlier));
    part["test_from"] =
        TimeAt(*dataset.times, *std::min_element(test.begin(), test.end(), earlier));
  }
  return part;
}

}  // namespace

json::value SplitRecord(const TrainingSpec& spec, const Dataset& dataset,
                        const TrainResult& result) {
  const bool stratified = spec.stratify && dataset.target.task != ml::Task::kRegression;
  const std::vector<uint32_t> groups =
      dataset.groups ? ml::GroupIds(*dataset.groups) : std::vector<uint32_t>();
  json::array parts;
  parts.push_back(
      PartRecord("hold-out", dataset, groups, result.holdout.train, result.holdout.test));
  for (size_t f = 0; f < result.folds.size(); ++f) {
    parts.push_back(PartRecord("fold " + std::to_string(f + 1), dataset, groups,
                               Through(result.holdout.train, result.folds[f].train),
                               Through(result.holdout.train, result.folds[f].test)));
  }
  return json::object{{"by", dataset.times    ? "time"
                             : dataset.groups ? "group"
                             : stratified     ? "class"
                                              : "chance"},
                      {"column", dataset.times    ? json::value(dataset.times->name)
                                 : dataset.groups ? json::value(dataset.groups->name)
                                                  : json::value(nullptr)},
                      {"parts", std::move(parts)}};
}

}  // namespace quern::training
