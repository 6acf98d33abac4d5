#include "server/mlflow/request.h"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>

namespace quern::server::mlflow {
namespace {

net::HttpRequest Post(std::string body) {
  net::HttpRequest request;
  request.method = "POST";
  request.headers = {{"Content-Type", "application/json; charset=utf-8"}};
  request.body = std::move(body);
  return request;
}

net::HttpRequest Get(std::string query) {
  net::HttpRequest request;
  request.query = std::move(query);
  return request;
}

constexpr std::string_view kDocs =
    " See the API docs for more information about request parameters.";

TEST_CASE("values are read as leniently as MLflow reads them") {
  const net::HttpRequest request = Post(
      R"({"name":"é","i":"12","j":12.0,"k":-3,"d":"NaN","e":"-Infinity","f":NaN,"g":1e400,"h":"1.5",
          "t":true,"no":null,"list":["a","b"],"items":[{"key":"x","n":1},{"key":"y"}],"extra":{},
          "experiment_id":7,"status":"KILLED","number":2})");
  const Args args(request);
  CHECK(args.Text("name") == "\xc3\xa9");
  CHECK(args.Int("i") == 12);
  CHECK(args.Int("j") == 12);
  CHECK(args.RequiredInt("k") == -3);
  CHECK(std::isnan(args.RequiredNumber("d")));
  CHECK(args.RequiredNumber("e") == -std::numeric_limits<double>::infinity());
  CHECK(std::isnan(args.RequiredNumber("f")));
  CHECK(args.RequiredNumber("g") == std::numeric_limits<double>::infinity());
  CHECK(args.RequiredNumber("h") == 1.5);
  CHECK(args.RequiredNumber("k") == -3);
  CHECK(args.Flag("t", false));
  CHECK(args.Flag("absent", true));
  CHECK_FALSE(args.Has("no"));
  CHECK(args.Text("no").empty());
  CHECK_FALSE(args.MaybeText("no").has_value());
  CHECK(args.Int("no", 9) == 9);
  CHECK(args.Texts("list") == std::vector<std::string>{"a", "b"});
  const std::vector<Fields> items = args.Items("items");
  REQUIRE(items.size() == 2);
  CHECK(items[0].Text("key") == "x");
  CHECK(items[1].Int("n", 5) == 5);
  CHECK(items[1].Path("key") == "items[1].key");
  CHECK(args.Text("experiment_id") == "7");
  constexpr std::string_view kStatuses[] = {"RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"};
  CHECK(args.Choice("status", kStatuses) == 4);
  CHECK(args.Choice("number", kStatuses) == 1);
  CHECK_FALSE(args.Choice("absent", kStatuses).has_value());
  CHECK(args.status());
}

TEST_CASE("numbers and flags are read as R writes them") {
  const net::HttpRequest request =
      Post(R"({"i":"1e+05","t":"1.8e+12","w":"12.0","yes":"TRUE","no":"FALSE"})");
  const Args args(request);
  CHECK(args.RequiredInt("i") == 100000);
  CHECK(args.RequiredInt("t") == 1800000000000);
  CHECK(args.RequiredInt("w") == 12);
  CHECK(args.Flag("yes", false));
  CHECK_FALSE(args.Flag("no", true));
  CHECK(args.status());
}

TEST_CASE("the query of a GET") {
  const net::HttpRequest request =
      Get("run_ids=a&run_ids=b%20c&n=12&flag=TRUE&empty=&plus=x+y&x=1.5&name=%C3%A9");
  const Args args(request, {{"id", "m-1"}});
  CHECK(args.Texts("run_ids") == std::vector<std::string>{"a", "b c"});
  CHECK(args.Text("run_ids") == "a");
  CHECK(args.Int("n") == 12);
  CHECK(args.Flag("flag", false));
  CHECK(args.MaybeText("empty") == "");
  CHECK(args.Text("plus") == "x y");
  CHECK(args.RequiredNumber("x") == 1.5);
  CHECK(args.Text("name") == "\xc3\xa9");
  CHECK(args.PathParam("id") == "m-1");
  CHECK(args.PathParam("other").empty());
  CHECK(args.status());
}

TEST_CASE("a GET without a query may have a body; its type is not asked") {
  net::HttpRequest request = Post(R"({"run_uuid":"r"})");
  request.method = "GET";
  request.headers.clear();
  const Args args(request);
  CHECK(args.RequiredRunId() == "r");
  CHECK(args.status());
}

TEST_CASE("a body may be JSON in a JSON string") {
  const net::HttpRequest twice = Post(R"("{\"run_id\": \"r\\u0031\"}")");
  const Args args(twice);
  CHECK(args.RequiredRunId() == "r1");
  CHECK(args.status());
}

TEST_CASE("what is wrong is said in MLflow's words") {
  using Read = std::function<void(const Args&)>;
  struct Row {
    net::HttpRequest request;
    Read read;
    std::string message;
  };
  const auto text = [](const Args& args) { args.Text("k"); };
  const auto required = [](const Args& args) { args.RequiredText("k"); };
  const auto integer = [](const Args& args) { args.Int("k"); };
  const auto number = [](const Args& args) { args.RequiredNumber("k"); };
  const auto flag = [](const Args& args) { args.Flag("k", false); };
  const auto texts = [](const Args& args) { args.Texts("k"); };
  const auto items = [](const Args& args) { args.Items("k"); };
  const auto choice = [](const Args& args) {
    constexpr std::string_view kNames[] = {"A", "B"};
    args.Choice("k", kNames);
  };
  const auto inner = [](const Args& args) {
    for (const Fields& item : args.Items("k")) item.RequiredText("key");
  };
  const auto invalid = [](std::string value, std::string type) {
    return "Invalid value " + value + " for parameter 'k' supplied:  Hint: Value was of type '" +
           type + "'." + std::string(kDocs);
  };
  const std::string missing = "Missing value for required parameter 'k'." + std::string(kDocs);
  for (const Row& row : std::vector<Row>{
           {Post("{}"), required, missing},
           {Post(R"({"k":""})"), required, missing},
           {Post(R"({"k":null})"), required, missing},
           {Post(""), required, missing},
           {Post("null"), required, missing},
           {Post("not json"), required, missing},
           {Post("[1]"), required, missing},
           {Post("{}"), number, missing},
           {Post(R"({"k":1})"), text, invalid("1", "int")},
           {Post(R"({"k":1.5})"), text, invalid("1.5", "float")},
           {Post(R"({"k":true})"), text, invalid("true", "bool")},
           {Post(R"({"k":{"b":1,"a":[]}})"), text, invalid(R"({"a":[],"b":1})", "dict")},
           {Post(R"({"k":"é"})"), integer, invalid(R"("\u00e9")", "str")},
           {Post(R"({"k":1.5})"), integer, invalid("1.5", "float")},
           {Post(R"({"k":NaN})"), integer, invalid("NaN", "float")},
           {Post(R"({"k":9223372036854775808})"), integer, invalid("9223372036854775808", "int")},
           {Post(R"({"k":1e19})"), integer, invalid("1e19", "float")},
           {Post(R"({"k":false})"), integer, invalid("false", "bool")},
           {Post(R"({"k":"x"})"), number, invalid(R"("x")", "str")},
           {Post(R"({"k":[]})"), number, invalid("[]", "list")},
           {Post(R"({"k":"yes"})"), flag, invalid(R"("yes")", "str")},
           {Post(R"({"k":"a"})"), texts, invalid(R"("a")", "str")},
           {Post(R"({"k":["a",1]})"), texts, invalid(R"(["a",1])", "list")},
           {Post(R"({"k":{}})"), items, invalid("{}", "dict")},
           {Post(R"({"k":[{},2]})"), items, invalid("[{},2]", "list")},
           {Post(R"({"k":"C"})"), choice, invalid(R"("C")", "str")},
           {Post(R"({"k":3})"), choice, invalid("3", "int")},
           {Post(R"({"k":[{"key":"a"},{}]})"), inner,
            "Missing value for required parameter 'k[1].key'." + std::string(kDocs)},
           {Get("k=x"), integer, invalid(R"("x")", "str")},
           {Get("k=maybe"), flag, "Invalid boolean value: maybe, must be 'true' or 'false'."},
           {Get("k=%zz"), text, "'%zz' in the query is not percent-encoded UTF-8 text"},
           {Post(R"({"k":"a\u0000b"})"), text,
            "Invalid value \"a\\u0000b\" for parameter 'k' supplied: a text cannot hold the "
            "character U+0000."},
           {Post(R"({"k":["a","\u0000"]})"), texts,
            "Invalid value \"\\u0000\" for parameter 'k' supplied: a text cannot hold the "
            "character U+0000."},
           {Get("k=a%00"), text,
            "Invalid value \"a\\u0000\" for parameter 'k' supplied: a text cannot hold the "
            "character U+0000."},
           {Post("not json"), text,
            "The request body is not valid JSON: this is no JSON value at byte 0."},
           {Post("[1]"), text, "The request body must be a JSON object."},
           {Post("\"x\xff\""), required,
            "The request body is not valid JSON: this byte is not UTF-8 text at byte 2."},
           {Post(R"({"k":"a","k":"b"})"), required,
            "The request body is not valid JSON: key \"k\" stands twice in the object at byte 17."},
           {Post(std::string(100, '[')), required,
            "The request body is not valid JSON: more than 64 levels of nesting at byte 64."},
       }) {
    CAPTURE(row.request.body);
    CAPTURE(row.request.query);
    const Args args(row.request);
    row.read(args);
    const Status status = args.status();
    REQUIRE_FALSE(status);
    CHECK(status.error().code == Code::kInvalidArgument);
    CHECK(status.error().message == row.message);
  }
}

TEST_CASE("the first error is the one that is told") {
  const net::HttpRequest request = Post(R"({"a":1})");
  const Args args(request);
  args.RequiredText("b");
  args.Text("a");
  CHECK(args.status().error().message.starts_with("Missing value for required parameter 'b'."));
}

TEST_CASE("a body says that it is JSON") {
  for (const char* type : {"", "text/plain", "application/x-www-form-urlencoded"}) {
    net::HttpRequest request = Post("{}");
    request.headers = {{"Content-Type", type}};
    const Args args(request);
    args.RequiredText("k");
    REQUIRE_FALSE(args.status());
    CHECK(args.status().error().message ==
          (*type == 0 ? "Bad Request. Content-Type header is missing."
                      : "Bad Request. Content-Type must be one of ['application/json']."));
  }
  net::HttpRequest patch = Post(R"({"k":"v"})");
  patch.method = "PATCH";
  patch.headers.clear();
  const Args args(patch);
  CHECK(args.RequiredText("k") == "v");
  CHECK(args.status());
}

}  // namespace
}  // namespace quern::server::mlflow
