// The scoring path allocates nothing after warm-up: counted by operator new itself.
#include <doctest/doctest.h>

#include <atomic>
#include <cstring>

#include "server/context.h"
#include "server/mlflow/invocations.h"
#include "server/oip/infer.h"
#include "server/releases.h"
#include "serving/fake_engine.h"
#include "store/database.h"
#include "tests/allocations/allocations.h"

namespace quern::server {
namespace {

class NoControl : public ModelControl {
 public:
  bool allowed() const override { return false; }
  std::vector<Known> Index() const override { return {}; }
  Status Load(std::string_view) override { return {}; }
  Status Unload(std::string_view) override { return {}; }
};

struct AllocationFixture {
  serving::Catalog catalog;
  serving::InferenceService service{catalog, SystemClock(), nullptr, {1, 1 << 16}};
  serving::Metrics metrics{SystemClock()};
  NoControl control;
  ServingContext context{catalog,
                         service,
                         metrics,
                         SystemClock(),
                         control,
                         nullptr,
                         [] { return false; },
                         [] { return serving::ServerGauges(); }};
  net::ResponseWriter out;
  std::vector<net::HeaderView> headers;

  AllocationFixture() {
    REQUIRE(catalog.Add(serving::FakeServed("heart", "1", serving::BinarySignature())));
  }

  /// How much one more request allocates after a few of its kind.
  template <class Answer>
  size_t Count(std::string_view body, Answer answer) {
    net::RequestView request;
    request.method = "POST";
    request.headers = headers;
    request.body = body;
    size_t before = 0;
    for (int i = 0; i < 20; ++i) {
      before = Allocations();
      out.Reset();
      answer(Exchange{request, out, RequestArena()});
      REQUIRE_MESSAGE(out.status() == 200, out.body());
    }
    return Allocations() - before;
  }
};

TEST_CASE("scoring allocates nothing after warm-up") {
  const size_t none = Allocations();
  const std::string long_text(1000, 'x');
  CHECK(long_text.size() == 1000);
  CHECK((Allocations() > none) == kCountsAllocations);
  AllocationFixture fixture;
  const auto infer = [&](const Exchange& exchange) {
    std::string_view name;
    std::string_view version;
    REQUIRE(oip::MatchInfer("/v2/models/heart/versions/1/infer", &name, &version));
    oip::Infer(fixture.context, name, version, exchange);
  };
  fixture.headers = {{"Content-Type", "application/json"}};
  CHECK(fixture.Count(
            R"({"id":"a","inputs":[{"name":"x","shape":[2],"datatype":"FP64","data":[0.25,null]},
                {"name":"flag","shape":[2,1],"datatype":"INT8","data":[[1],[0]]},
                {"name":"sex","shape":[2],"datatype":"BYTES","data":["y\u0065s",null]}]})",
            infer) == 0);
  const auto invocations = [&](const Exchange& exchange) {
    mlflow::Invocations(fixture.context, "", exchange);
  };
  CHECK(fixture.Count(
            R"({"dataframe_split":{"columns":["sex","x","extra","flag"],"index":[0,1],
                "data":[["yes",0,9,true],[null,-1.5,9,0]]}})",
            invocations) == 0);
  CHECK(fixture.Count(R"({"dataframe_records":[{"x":0,"flag":1,"sex":"yes"},{"x":-1,"flag":0}]})",
                      invocations) == 0);
  CHECK(fixture.Count(R"({"instances":[[0,1,"yes"],[-1,0,null]]})", invocations) == 0);
  CHECK(fixture.Count(R"({"inputs":{"x":[[0],[-1]],"flag":[1,0],"sex":["yes",""]}})",
                      invocations) == 0);
  fixture.headers = {{"Content-Type", "text/csv"}};
  CHECK(fixture.Count("x,flag,sex\n0,True,\"y\"\"es\"\n-1,0,\n", invocations) == 0);
  const std::string head =
      R"({"inputs":[{"name":"x","shape":[1],"datatype":"FP64","parameters":{"binary_data_size":8}},
          {"name":"flag","shape":[1],"datatype":"FP32","parameters":{"binary_data_size":4}},
          {"name":"sex","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":7}}],
          "parameters":{"binary_data_output":true}})";
  const std::string length = std::to_string(head.size());
  fixture.headers = {{"inference-header-content-length", length}};
  std::string body = head;
  body.append("\0\0\0\0\0\0\xf0\x3f\0\0\0\0\3\0\0\0yes", 19);
  CHECK(fixture.Count(body, infer) == 0);
}

/// Requests under a release: each is drawn, keyed, counted and told of.
TEST_CASE("a running release allocates nothing per request") {
  AllocationFixture fixture;
  REQUIRE(fixture.catalog.Add(serving::FakeServed("heart", "2", serving::BinarySignature())));
  REQUIRE(fixture.catalog.SetAlias("heart", "champion", "1"));
  TempDir dir;
  const auto database = store::OpenSqlite(dir.File("quern.db"), RealFs()).value();
  const ModelLoader load = [](const serving::ModelFiles& files, int64_t) {
    return Result<serving::LoadedModel>(
        {serving::FakeServed(files.name, files.version, serving::BinarySignature()), ""});
  };
  ServedModels models(fixture.catalog, SystemClock(), load, {}, false);
  ReleaseSource source;
  source.models = {"heart"};
  source.find = [](const std::string& model, const std::string& version) -> Result<ModelToServe> {
    return ModelToServe{model, version, {}, "", model::EnginePreference::kAuto};
  };
  Releases releases(fixture.catalog, models, *database, SystemClock(), source, {1, 1 << 16});
  fixture.context.releases = &releases;
  deploy::NewRelease wanted;
  wanted.model = "heart";
  wanted.stable = "1";
  wanted.candidate = "2";
  wanted.strategy.kind = deploy::StrategyKind::kCanary;
  wanted.strategy.steps = {{50, {3600, 0}}};
  for (const std::string field : {"", "sex"}) {
    wanted.strategy.key.field = field;
    REQUIRE(releases.Begin(wanted));
    const auto ask = [&](const Exchange& exchange) {
      oip::Infer(fixture.context, "heart", "", exchange);
      CHECK(exchange.out.header_lines().find("X-Quern-Route") != std::string_view::npos);
    };
    fixture.headers = {{"Content-Type", "application/json"}};
    CHECK(fixture.Count(
              R"({"inputs":[{"name":"x","shape":[1],"datatype":"FP64","data":[0.25]},
                  {"name":"flag","shape":[1],"datatype":"INT8","data":[1]},
                  {"name":"sex","shape":[1],"datatype":"BYTES","data":["yes"]}]})",
              ask) == 0);
    const auto controller = releases.Of("heart");
    REQUIRE(controller);
    REQUIRE((*controller)->Tick());
    CHECK((*controller)->Current()->evidence.Of(0).requests +
              (*controller)->Current()->evidence.Of(1).requests ==
          20);
    REQUIRE((*controller)->Order({deploy::CommandKind::kAbort, "test", "", "", 0}));
  }
}

}  // namespace
}  // namespace quern::server
