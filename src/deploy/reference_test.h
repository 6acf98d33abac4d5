#pragma once
// For tests: tests/parity/data/deploy.json, which tests/parity/deploy_reference.py wrote.
#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <cmath>

#include "base/fs.h"
#include "base/json.h"

namespace quern::deploy {

inline const json::object& Reference() {
  static const json::value document = [] {
    const auto text = RealFs().Read(QUERN_SOURCE_DIR "/tests/parity/data/deploy.json");
    REQUIRE(text.has_value());
    auto parsed = ParseJson(*text, {.name = "deploy.json"});
    REQUIRE(parsed.has_value());
    return *parsed;
  }();
  return document.as_object();
}

inline void CheckNear(double got, double expected, double relative = 1e-9,
                      double absolute = 1e-12) {
  INFO("got ", got, ", expected ", expected);
  CHECK(std::abs(got - expected) <= absolute + relative * std::abs(expected));
}

}  // namespace quern::deploy
