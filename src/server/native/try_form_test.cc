#include "server/native/try_form.h"

#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "base/json_read.h"

namespace quern::server::native {
namespace {

json::value Parsed(std::string_view text) { return ParseJson(text).value(); }

TEST_CASE("a field a column, with what training saw of it") {
  const json::value form = TryForm(
      Parsed(R"({"inputs": [{"name": "age", "datatype": "FP64", "shape": [-1, 1]},
                            {"name": "sex", "datatype": "BYTES", "shape": [-1]},
                            {"name": "n", "datatype": "INT32", "shape": [-1]},
                            {"name": "old", "datatype": "BOOL", "shape": [-1]}],
                 "outputs": [{"name": "label", "datatype": "INT64", "shape": [-1]}]})"),
      Parsed(
          R"({"classes": ["0", "1"], "positive": "1", "threshold": 0.4, "reference": {"columns": [
                 {"column": "sex", "labels": ["f", "m"], "rows": 10, "missing": 1},
                 {"column": "age", "edges": [20, 40, 80], "rows": 10, "missing": 0}]}})"),
      Parsed(R"({"inputs": {"age": [[63.0], [41.0]], "sex": ["f", "m"], "n": []}})"));
  CHECK(TrueAt(form, "/table"));
  CHECK(TextAt(form, "/columns/0/kind") == "number");
  CHECK(At(form, "/columns/0/low") == json::value(20));
  CHECK(At(form, "/columns/0/high") == json::value(80));
  CHECK(NumberAt(form, "/columns/0/example") == 63.0);
  CHECK(TextAt(form, "/columns/1/kind") == "category");
  CHECK(TextAt(form, "/columns/1/example") == "f");
  CHECK(NumberAt(form, "/columns/1/missing") == doctest::Approx(0.1));
  CHECK(TextAt(form, "/columns/2/kind") == "integer");
  CHECK(At(form, "/columns/2/example").is_null());
  CHECK(TextAt(form, "/columns/3/kind") == "boolean");
  CHECK(TextAt(form, "/positive") == "1");
}

TEST_CASE("a model that takes tensors has no columns") {
  for (const char* shape : {"[-1, 2]", "[2]", "[-1, -1]", "[]", "[-1, 1, 1]"}) {
    const std::string metadata =
        R"({"inputs": [{"name": "x", "datatype": "FP32", "shape": )" + std::string(shape) + "}]}";
    const json::value form = TryForm(Parsed(metadata), nullptr, nullptr);
    CHECK_FALSE(TrueAt(form, "/table"));
    CHECK(ListAt(form, "/columns").empty());
    CHECK(ListAt(form, "/inputs").size() == 1);
  }
}

TEST_CASE("what is no metadata makes an empty form") {
  const json::value form = TryForm(Parsed("[1, 2]"), Parsed("3"), Parsed("{\"inputs\": 1}"));
  CHECK_FALSE(TrueAt(form, "/table"));
  CHECK(At(form, "/classes").is_null());
}

}  // namespace
}  // namespace quern::server::native
