// The fast reading of a line against the whole one: they never disagree.
#include "server/native/ndjson_metric.h"

#include <doctest/doctest.h>

#include <map>
#include <string>

#include "base/json_doc.h"
#include "base/random.h"
#include "base/text.h"

namespace quern::server::native {
namespace {

constexpr std::string_view kPlain =
    R"({"run_id": "0a1b", "key": "train/loss", "value": -0.25e-3, "timestamp": 1700000000000, "step": 3})";

/// What JSON's own rules make of a line that was read as a plain one.
void CheckAgainstJson(std::string_view line, const PlainMetric& metric) {
  CAPTURE(line);
  const auto document = JsonDoc::Parse(line);
  REQUIRE(document.has_value());
  REQUIRE(document->root().Is(JsonKind::kObject));
  std::map<std::string, std::string, std::less<>> fields;
  document->root().ForEachMember([&](std::string_view name, const JsonRef& value) {
    const bool text = name == "run_id" || name == "key";
    REQUIRE(value.kind() == (text ? JsonKind::kString : JsonKind::kNumber));
    fields[std::string(name)] = value.text();
  });
  CHECK(fields.size() == (fields.contains("step") ? 5 : 4));
  CHECK(fields.at("run_id") == metric.run_id);
  CHECK(fields.at("key") == metric.key);
  CHECK(ParseDouble(fields.at("value")) == metric.point.value);
  CHECK(ParseInt(fields.at("timestamp")) == metric.point.time_ms);
  CHECK((fields.contains("step") ? ParseInt(fields["step"]) : 0) == metric.point.step);
}

}  // namespace

TEST_CASE("the record of a metric is read in one pass") {
  const auto metric = ReadPlainMetric(kPlain);
  REQUIRE(metric);
  CHECK(metric->run_id == "0a1b");
  CHECK(metric->key == "train/loss");
  CHECK(metric->point.value == -0.00025);
  CHECK(metric->point.time_ms == 1'700'000'000'000);
  CHECK(metric->point.step == 3);
  for (
      const std::string_view line :
      {R"({"step":-1,"timestamp":0,"value":0,"key":"m","run_id":"r"})",
       R"(	{ "run_id" : "r" , "key" : "m" , "value" : 1E+2 , "timestamp" : -9223372036854775808 } )",
       R"({"run_id":"r","key":"m","value":123456789012345678901234567890,"timestamp":1})"}) {
    const auto read = ReadPlainMetric(line);
    REQUIRE_MESSAGE(read, line);
    CheckAgainstJson(line, *read);
  }
}

TEST_CASE("whatever else a line is, it is left to the whole reading") {
  for (const std::string_view line :
       {"", " ", "{}", "[1]", "{\"run_id\":\"r\"}",
        // Fields twice, unknown or missing.
        R"({"run_id":"r","key":"m","value":1,"timestamp":1,"value":2})",
        R"({"run_id":"r","key":"m","value":1,"timestamp":1,"other":2})",
        R"({"run_id":"r","key":"m","value":1})", R"({"run_id":"r","param":"lr","value":"1"})",
        // Texts with escapes, beyond ASCII, empty.
        R"({"run_id":"r","key":"a\u0041","value":1,"timestamp":1})",
        "{\"run_id\":\"r\",\"key\":\"\xc3\xa4\",\"value\":1,\"timestamp\":1}",
        R"({"run_id":"","key":"m","value":1,"timestamp":1})",
        // Numbers that are none, or too large.
        R"({"run_id":"r","key":"m","value":NaN,"timestamp":1})",
        R"({"run_id":"r","key":"m","value":"1","timestamp":1})",
        R"({"run_id":"r","key":"m","value":null,"timestamp":1})",
        R"({"run_id":"r","key":"m","value":01,"timestamp":1})",
        R"({"run_id":"r","key":"m","value":.5,"timestamp":1})",
        R"({"run_id":"r","key":"m","value":1.,"timestamp":1})",
        R"({"run_id":"r","key":"m","value":+1,"timestamp":1})",
        R"({"run_id":"r","key":"m","value":1e400,"timestamp":1})",
        R"({"run_id":"r","key":"m","value":1,"timestamp":1.5})",
        R"({"run_id":"r","key":"m","value":1,"timestamp":9223372036854775808})",
        // What stands around.
        R"({"run_id":"r","key":"m","value":1,"timestamp":1,})",
        R"({"run_id":"r","key":"m","value":1,"timestamp":1} x)",
        R"({"run_id":"r","key":"m","value":1,"timestamp":1)"}) {
    CHECK_MESSAGE(!ReadPlainMetric(line), line);
  }
}

TEST_CASE("changed lines are read as JSON has them, or not at all") {
  constexpr std::string_view kSigns = "\"\\{}[]:,. \t-+eE0123456789nulNaIftrs_\x01\x7f\x80\xc3";
  Rng rng(11);
  int read = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string line(kPlain);
    for (uint64_t changes = 1 + rng.Below(3); changes > 0; --changes) {
      const size_t at = rng.Below(line.size());
      const char sign = kSigns[rng.Below(kSigns.size())];
      switch (rng.Below(3)) {
        case 0:
          line[at] = sign;
          break;
        case 1:
          line.insert(line.begin() + static_cast<std::ptrdiff_t>(at), sign);
          break;
        default:
          line.erase(at, 1 + rng.Below(4));
      }
    }
    if (const auto metric = ReadPlainMetric(line)) {
      ++read;
      CheckAgainstJson(line, *metric);
    }
  }
  // Most changes hit a text or a number, where the line stays a plain one.
  CHECK(read > 20'000);
}

}  // namespace quern::server::native
