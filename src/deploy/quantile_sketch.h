#pragma once
// Quantiles of many positive values in little memory, mergeable: buckets whose limits grow by a
// constant factor, so that each quantile is right within 1 percent of its value (DDSketch: Masson,
// Rim, Lee 2019).
#include <boost/json/fwd.hpp>
#include <cstdint>
#include <vector>

#include "base/json.h"

namespace quern::deploy {

/// Not thread-safe: one per thread, merged. Values below 1e-9 count as 0, above 1e6 as 1e6.
class QuantileSketch {
 public:
  /// NaN and negative values are not counted.
  void Add(double value);
  void Merge(const QuantileSketch& other);
  /// NaN if nothing was counted.
  double Quantile(double q) const;
  uint64_t count() const { return count_; }
  double greatest() const { return greatest_; }

  json::value Json() const;
  /// False for what Json() did not write.
  bool Read(const json::value& value);

 private:
  std::vector<uint64_t> buckets_;  // as long as the greatest bucket in use, at most kBuckets
  uint64_t zeros_ = 0;
  uint64_t count_ = 0;
  double greatest_ = 0;
};

}  // namespace quern::deploy
