#include "registry/names.h"

#include <doctest/doctest.h>

namespace quern::registry {
namespace {

std::string Said(const Status& status) { return status ? "" : status.error().message; }

}  // namespace

TEST_CASE("names of models, in MLflow's words") {
  CHECK(CheckModelName("churn model é", "name"));
  CHECK(Said(CheckModelName("  ", "new_name")) ==
        "Missing value for required parameter 'new_name'.");
  CHECK(Said(CheckModelName("x/y", "name")) ==
        "Invalid model name 'x/y'. Names cannot contain '/' or ':'.");
  CHECK(Said(CheckModelName("x:y", "name")) ==
        "Invalid model name 'x:y'. Names cannot contain '/' or ':'.");
  CHECK(Said(CheckModelName("..", "name")) ==
        "Invalid value \"..\" for parameter 'name' supplied: Names may be treated as files in "
        "certain cases, and must not resolve to other names when treated as such. This name would "
        "resolve to '..'");
  CHECK_FALSE(CheckModelName(".", "name"));
  CHECK(CheckModelName(std::string(256, 'x'), "name"));
  CHECK(Said(CheckModelName(std::string(257, 'x'), "new_name")) ==
        "'new_name' exceeds the maximum length of 256 characters");
}

TEST_CASE("aliases") {
  CHECK(CheckNewAlias("champion-2_é"));
  CHECK(Said(CheckNewAlias("v12")) == "Version alias name 'v12' is reserved.");
  CHECK(Said(CheckNewAlias("V1")) == "Version alias name 'V1' is reserved.");
  CHECK(CheckNewAlias("v"));
  CHECK(CheckNewAlias("v1a"));
  CHECK(Said(CheckNewAlias("LaTest")) == "'latest' alias name (case insensitive) is reserved.");
  CHECK(CheckAlias("latest"));
  CHECK(Said(CheckAlias("a b")) ==
        "Invalid alias name: 'a b'. Names may only contain alphanumerics, underscores (_), and "
        "dashes (-).");
  CHECK(Said(CheckAlias("")) == "Registered model alias name cannot be empty.");
  CHECK(CheckAlias(std::string(255, 'x')));
  CHECK(Said(CheckAlias(std::string(256, 'x'))) ==
        "'Registered model alias name' exceeds the maximum length of 255 characters");
}

TEST_CASE("tags") {
  CHECK(CheckTag("a/b.c-d e:f_é", ""));
  CHECK(Said(CheckTag("a?b", "v")) ==
        "Invalid value \"a?b\" for parameter 'key' supplied: Names may only contain alphanumerics, "
        "underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).");
  CHECK(Said(CheckTag("", "v")).ends_with("This name would resolve to '.'"));
  CHECK(Said(CheckTag("/a", "v")).ends_with("This name would resolve to '/a'"));
  CHECK(Said(CheckTag("a/../../b", "v")).ends_with("This name would resolve to '../b'"));
  CHECK(Said(CheckTag(std::string(251, 'k'), "v")) ==
        "'key' exceeds the maximum length of 250 characters");
  CHECK(CheckTag("k", std::string(100000, 'v')));
  CHECK(Said(CheckTag("k", std::string(100001, 'v'))) ==
        "'value' exceeds the maximum length of 100000 characters");
  std::string wide;
  for (int i = 0; i < 250; ++i) wide += "é";
  CHECK(CheckTag(wide, "v"));
}

TEST_CASE("versions, stages, page sizes") {
  CHECK(*ParseVersion("12") == 12);
  CHECK(*ParseVersion("99999999999999999999") == INT64_MAX);
  CHECK(ParseVersion("x").error().message == "Parameter 'version' must be an integer, got 'x'.");
  CHECK(ParseVersion("1.0").error().message ==
        "Parameter 'version' must be an integer, got '1.0'.");
  CHECK(*CanonicalStage("pRoduction") == "Production");
  CHECK(CanonicalStage("Deleted_Internal").error().message ==
        "Invalid Model Version stage: Deleted_Internal. Value must be one of None, Staging, "
        "Production, Archived.");
  CHECK(CheckMaxResults(1000, 1000));
  CHECK(Said(CheckMaxResults(0, 1000)) ==
        "Invalid value for max_results. It must be a positive integer, but got 0");
  CHECK(Said(CheckMaxResults(1001, 1000)) ==
        "Invalid value for request parameter max_results. It must be at most 1000, but got value "
        "1001");
}

}  // namespace quern::registry
