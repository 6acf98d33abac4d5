#pragma once
// JSON of what several parts of deploy/ write; inside of deploy/ only.
#include <boost/json.hpp>
#include <cmath>

#include "base/json.h"
#include "deploy/e_process.h"
#include "stats/interval.h"

namespace quern::deploy {

/// Numbers that JSON lacks (no data, unbounded) are null.
inline json::value NumberJson(double value) {
  if (!std::isfinite(value)) return nullptr;
  return value;
}

inline json::value IntervalJson(const stats::Interval& interval) {
  return {{"value", NumberJson(interval.value)},
          {"low", NumberJson(interval.low)},
          {"high", NumberJson(interval.high)}};
}

inline json::value MomentsJson(const Moments& m) {
  return {{"n", m.n}, {"mean", m.mean}, {"m2", m.m2}};
}

/// Throws Boost.JSON's exceptions for what MomentsJson did not write.
inline Moments ReadMoments(const json::value& value) {
  return {value.at("n").to_number<uint64_t>(), value.at("mean").to_number<double>(),
          value.at("m2").to_number<double>()};
}

}  // namespace quern::deploy
