#include "deploy/quantile_sketch.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <limits>

namespace quern::deploy {
namespace {

constexpr double kLeast = 1e-9;
constexpr double kMost = 1e6;
constexpr double kAccuracy = 0.01;
constexpr double kGrowth = (1 + kAccuracy) / (1 - kAccuracy);

size_t BucketOf(double value) {
  return static_cast<size_t>(std::ceil(std::log(value / kLeast) / std::log(kGrowth)));
}

/// Within 1 percent of everything in the bucket.
double ValueOf(size_t bucket) {
  return kLeast * std::pow(kGrowth, static_cast<double>(bucket)) * 2 / (kGrowth + 1);
}

}  // namespace

void QuantileSketch::Add(double value) {
  if (!(value >= 0)) return;
  ++count_;
  greatest_ = std::max(greatest_, value);
  if (value < kLeast) {
    ++zeros_;
    return;
  }
  const size_t bucket = BucketOf(std::min(value, kMost));
  if (bucket >= buckets_.size()) buckets_.resize(bucket + 1);
  ++buckets_[bucket];
}

void QuantileSketch::Merge(const QuantileSketch& other) {
  buckets_.resize(std::max(buckets_.size(), other.buckets_.size()));
  for (size_t i = 0; i < other.buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  zeros_ += other.zeros_;
  count_ += other.count_;
  greatest_ = std::max(greatest_, other.greatest_);
}

double QuantileSketch::Quantile(double q) const {
  if (count_ == 0) return std::numeric_limits<double>::quiet_NaN();
  const double rank = q * static_cast<double>(count_ - 1);
  double seen = static_cast<double>(zeros_);
  if (seen > rank) return 0;
  for (size_t i = 0; i < buckets_.size(); ++i) {
    seen += static_cast<double>(buckets_[i]);
    if (seen > rank) return std::min(ValueOf(i), greatest_);
  }
  return greatest_;
}

json::value QuantileSketch::Json() const {
  json::array buckets;
  for (size_t i = 0; i < buckets_.size(); ++i) {
    if (buckets_[i] > 0) buckets.push_back(json::array{i, buckets_[i]});
  }
  return {{"zeros", zeros_}, {"greatest", greatest_}, {"buckets", std::move(buckets)}};
}

bool QuantileSketch::Read(const json::value& value) {
  try {
    *this = {};
    zeros_ = count_ = value.at("zeros").to_number<uint64_t>();
    greatest_ = value.at("greatest").to_number<double>();
    for (const json::value& item : value.at("buckets").as_array()) {
      const size_t bucket = item.at(0).to_number<size_t>();
      if (bucket > BucketOf(kMost)) return false;
      if (bucket >= buckets_.size()) buckets_.resize(bucket + 1);
      buckets_[bucket] += item.at(1).to_number<uint64_t>();
      count_ += item.at(1).to_number<uint64_t>();
    }
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace quern::deploy
