#include "server/serve.h"

#include <doctest/doctest.h>

#include <atomic>
#include <boost/json.hpp>
#include <fstream>
#include <thread>

#include "base/json.h"
#include "base/text.h"
#include "net/client.h"
#include "net/raw_socket.h"
#include "serving/fake_engine.h"

namespace quern::server {
namespace {

/// Scores two classes without saying in its graph that it does.
class OpenEngine : public serving::FakeEngine {
 public:
  OpenEngine() : FakeEngine(serving::BinarySignature()), outputs_(FakeEngine::outputs()) {
    outputs_[1].shape = {-1, -1};
  }
  const std::vector<serving::TensorSpec>& outputs() const override { return outputs_; }

 private:
  std::vector<serving::TensorSpec> outputs_;
};

/// A package that names three classes for it.
serving::ServedModel Overstated(const serving::ModelFiles& files) {
  serving::ModelParts parts;
  parts.name = files.name;
  parts.version = files.version;
  parts.engine = std::make_shared<OpenEngine>();
  parts.signature = serving::BinarySignature();
  parts.signature->classes.emplace_back("2");
  return serving::ServedModel::Make(std::move(parts)).value();
}

/// Packages by made-up directory name.
Result<serving::LoadedModel> LoadFake(const serving::ModelFiles& files, int64_t now_ms) {
  serving::Signature signature = serving::BinarySignature();
  if (files.path == "regression") signature = serving::RegressionSignature();
  if (files.path == "text") {
    signature.classes = {"no", "yes"};
    signature.numeric_classes = false;
  }
  if (files.path == "overstated") return serving::LoadedModel{Overstated(files), ""};
  if (files.path == "absent") return Fail(Code::kNotFound, "no package in 'absent'");
  serving::LoadedModel loaded{
      serving::FakeServed(files.name, files.version, std::move(signature), now_ms), ""};
  if (files.path == "broken") loaded.example = R"({"inputs":{"x":[1]}})";
  return loaded;
}

struct ServeFixture {
  explicit ServeFixture(ServeOptions options = {}, bool with_database = true) {
    if (with_database) options.database = database.get();
    options.log.folder = dir.File(serving::kPredictionLogFolder);
    if (options.models.empty()) {
      options.models = {{"heart", "1", {"champion"}, "binary"},
                        {"heart", "2", {}, "text"},
                        {"price", "1", {}, "regression"}};
    }
    options.load = LoadFake;
    auto started = StartServer(std::move(options));
    REQUIRE(started.has_value());
    server = std::move(*started);
    client = std::make_unique<net::HttpClient>("127.0.0.1", server->port());
  }
  net::HttpResponse Get(std::string_view target) { return client->Get(target).value(); }
  net::HttpResponse Post(std::string_view target, std::string_view body,
                         std::string_view type = "application/json") {
    return client->Post(target, body, type).value();
  }
  json::value Json(const net::HttpResponse& response) {
    auto parsed = ParseJson(response.body);
    REQUIRE_MESSAGE(parsed.has_value(), response.body);
    return *parsed;
  }
  /// Status and error text of an inference.
  std::string Refusal(std::string_view body) {
    auto response = Post("/v2/models/heart/infer", body);
    auto document = Json(response);
    return std::to_string(response.status) + " " +
           std::string(document.as_object().at("error").as_string());
  }
  TempDir dir;
  std::unique_ptr<store::Database> database =
      store::OpenSqlite(dir.File("quern.db"), RealFs()).value();
  std::unique_ptr<RunningServer> server;
  std::unique_ptr<net::HttpClient> client;
};

const char* kInfer =
    R"({"id":"","inputs":[{"name":"x","shape":[2],"datatype":"FP64","data":[0,null]},
        {"name":"flag","shape":[2,1],"datatype":"INT8","data":[[1],[0]]},
        {"name":"sex","shape":[2],"datatype":"BYTES","data":["yes",null]}]})";

TEST_CASE("OIP: health and metadata") {
  ServeFixture fixture;
  CHECK(fixture.Get("/v2/health/live").body == R"({"live":true})");
  CHECK(fixture.Get("/v2/health/ready").body == R"({"ready":true})");
  CHECK(fixture.Get("/v2").body.find("\"name\":\"quern\"") != std::string::npos);
  CHECK(fixture.Get("/v2/models").body == R"({"models":["heart","price"]})");
  CHECK(fixture.Get("/v2/models/heart/ready").body == R"({"name":"heart","ready":true})");
  CHECK(fixture.Get("/v2/models/heart/versions/3/ready").status == 404);
  auto metadata = fixture.Get("/v2/models/heart/versions/1").body;
  CHECK(
      metadata ==
      R"({"name":"heart","versions":["1","2"],"platform":"quern_compiled","inputs":[)"
      R"({"name":"x","datatype":"FP64","shape":[-1,1]},{"name":"flag","datatype":"FP64","shape":[-1,1]},)"
      R"({"name":"sex","datatype":"BYTES","shape":[-1,1]}],"outputs":[{"name":"label","datatype":"INT64",)"
      R"("shape":[-1]},{"name":"probabilities","datatype":"FP64","shape":[-1,2]}]})");
}

TEST_CASE("OIP: one tensor per column") {
  ServeFixture fixture;
  auto document = fixture.Json(fixture.Post("/v2/models/heart/infer", kInfer)).as_object();
  CHECK(document.at("model_version").as_string() == "1");
  CHECK(document.at("id").as_string() == "");
  auto& outputs = document.at("outputs").as_array();
  CHECK(WriteJson(outputs[0]) == R"({"name":"label","datatype":"INT64","shape":[2],"data":[1,1]})");
  auto& probabilities = outputs[1].as_object().at("data").as_array();
  CHECK(probabilities[1].as_double() == 1 / (1 + std::exp(-2.0)));
  CHECK(probabilities[3].as_double() == 0.5);
  auto& ids = document.at("parameters").as_object().at("prediction_ids").as_array();
  REQUIRE(ids.size() == 2);
  CHECK(ids[0].as_string().size() == 36);
}

TEST_CASE("OIP: a single matrix, chosen outputs, versions, text labels") {
  ServeFixture fixture;
  const char* matrix =
      R"({"id":"q1","inputs":[{"name":"in","shape":[2,2],"datatype":"FP32","data":[[1,2],[NaN,4]]}],
          "outputs":[{"name":"prediction"}]})";
  auto response = fixture.Post("/v2/models/price/versions/1/infer", matrix);
  CHECK(
      response.body ==
      R"({"model_name":"price","model_version":"1","id":"q1","parameters":{"prediction_ids":)"
      R"(["q1-0","q1-1"]},"outputs":[{"name":"prediction","datatype":"FP64","shape":[2,1],"data":[3,4]}]})");
  auto text = fixture.Post("/v2/models/heart/versions/2/infer", kInfer);
  CHECK(text.body.find(R"("datatype":"BYTES","shape":[2],"data":["yes","yes"])") !=
        std::string::npos);
  CHECK(fixture.Post("/v2/models/heart/versions/champion/infer", kInfer).status == 200);
}

TEST_CASE("OIP: what is wrong with a request is said, with 400") {
  ServeFixture fixture;
  auto has = [&](std::string_view body, std::string_view text) {
    std::string refusal = fixture.Refusal(body);
    CHECK_MESSAGE(refusal.find("400 ") == 0, refusal);
    CHECK_MESSAGE(refusal.find(text) != std::string::npos, refusal);
  };
  auto tensor = [](std::string_view rest) {
    return R"({"inputs":[{"name":"x",)" + std::string(rest) + "}]}";
  };
  has("", "not valid JSON");
  has("{", "not valid JSON");
  has("[]", "must be a JSON object");
  has("{}", "'inputs'");
  has(R"({"inputs":[]})", "'inputs'");
  has(R"({"inputs":[5]})", "no object");
  has(R"({"inputs":[],"inputs":[]})", "not valid JSON");
  has(tensor(R"("shape":[1],"datatype":"FP64","data":[1])"), "missing input 'flag', 'sex'");
  has(tensor(R"("shape":[-1],"datatype":"FP64","data":[1])"), "whole numbers");
  has(tensor(R"("shape":[1.5],"datatype":"FP64","data":[1])"), "whole numbers");
  has(tensor(R"("shape":[],"datatype":"FP64","data":[1])"), "empty");
  has(tensor(R"("shape":[4294967296,4294967296],"datatype":"FP64","data":[1])"),
      "causes total element count to exceed maximum size");
  has(tensor(R"("shape":[0,18446744073709551615],"datatype":"FP64","data":[])"), "maximum size");
  has(tensor(R"("shape":[2],"datatype":"FP64","data":[1])"), "1 values, 'shape' asks for 2");
  has(tensor(R"("shape":[2,1],"datatype":"FP64","data":[[1,2]])"), "dimension 1");
  has(tensor(R"("shape":[2,1],"datatype":"FP64","data":[[1],2])"), "not nested");
  has(tensor(R"("shape":[1],"datatype":"FP16","data":[1])"),
      "receiving FP16 data via JSON is not supported");
  has(tensor(R"("shape":[1],"datatype":"COMPLEX","data":[1])"), "unknown datatype");
  has(tensor(R"("shape":[1],"data":[1])"), "'datatype'");
  has(tensor(R"("shape":[1],"datatype":"INT8","data":[300])"), "out of range");
  has(tensor(R"("shape":[1],"datatype":"INT8","data":[1.5])"), "whole number");
  has(tensor(R"("shape":[1],"datatype":"FP64","data":["a"])"), "not a number");
  has(tensor(R"("shape":[1],"datatype":"FP64","data":[{}])"), "not a number");
  auto changed = [](std::string_view from, std::string_view to) {
    std::string body = kInfer;
    return body.replace(body.find(from), from.size(), to);
  };
  has(changed("[0,null]", "[0,Infinity]"), "row 1: expected a number, got an infinite one");
  has(changed(R"("FP64","data":[0,null])", R"("BYTES","data":["a","1"])"),
      "'x', row 0: expected a number, got the text 'a'");
  has(tensor(R"("shape":[1],"datatype":"FP64","parameters":{"binary_data_size":8})"),
      "unexpected size for input 'x', expecting 8 additional bytes");
  has(R"({"inputs":[{"name":"in","shape":[1,4],"datatype":"FP64","data":[1,2,3,4]}]})",
      "has 4 columns, the model takes 3");
  std::string two = kInfer;
  has(two.substr(0, two.size() - 1) + R"(,"outputs":[{"name":"labels"}]})",
      "did you mean 'label'?");
  has(std::string(100000, '['), "must be a JSON object");
  has("{\"x\":" + std::string(5000, '[') + std::string(5000, ']') + "}", "nested too deeply");
  has("{\"inputs\":[{\"name\":\"\xff\"}]}", "not valid JSON");
  has(R"({"inputs":[{"name":"x","shape":[0],"datatype":"FP64","data":[]},
        {"name":"flag","shape":[0],"datatype":"FP64","data":[]},
        {"name":"sex","shape":[0],"datatype":"BYTES","data":[]}]})",
      "no rows");
  CHECK(fixture.Post("/v2/models/lung/infer", kInfer).body ==
        R"({"error":"Model lung not found"})");
  CHECK(fixture.Post("/v2/models/lung/infer", kInfer).status == 404);
  CHECK(fixture.Post("/v2/models/..%2f..%2fetc/infer", kInfer).status == 404);
  CHECK(fixture.Get("/v2/models/heart/infer").status == 405);
  CHECK(fixture.Post("/v2/models/heart/infer", kInfer, "text/plain").status == 415);
  CHECK(fixture.Get("/nothing").body == R"({"error":"Not Found"})");
  CHECK(fixture.Get("/v2/health/ready").status == 200);
}

TEST_CASE("MLflow: the four JSON forms and CSV give the same answer") {
  ServeFixture fixture({}, false);
  const std::string expected = R"({"predictions":{"label":[1,0],"probabilities":[[)";
  std::vector<std::string> bodies = {
      R"({"dataframe_split":{"columns":["sex","x","extra","flag"],"index":[0,1],"data":[["yes",0,9,true],[null,-1,9,0]]}})",
      R"({"dataframe_records":[{"x":0,"flag":1,"sex":"yes"},{"x":-1,"flag":0}]})",
      R"({"instances":[[0,1,"yes"],[-1,0,null]]})",
      R"({"instances":[{"x":[0],"flag":1,"sex":"yes"},{"x":-1,"flag":0,"sex":null}]})",
      R"({"inputs":{"x":[[0],[-1]],"flag":[1,0],"sex":["yes",""]},"params":{}})",
      R"({"inputs":[[0,1,"yes"],[-1,0,null]]})",
  };
  auto first = fixture.Post("/invocations", bodies[0], "application/json; charset=utf-8");
  CHECK(first.status == 200);
  CHECK(first.body.find(expected) == 0);
  CHECK(first.body.find("prediction_ids") == std::string::npos);
  for (const std::string& body : bodies)
    CHECK(fixture.Post("/invocations", body).body == first.body);
  CHECK(fixture.Post("/invocations", "x,flag,sex\n0,True,yes\n-1,0,\n", "text/csv").body ==
        first.body);
}

TEST_CASE("MLflow: errors with the texts that clients look for") {
  ServeFixture fixture;
  auto has = [&](std::string_view body, std::string_view text, std::string_view type) {
    auto response = fixture.Post("/invocations", body, type);
    CHECK_MESSAGE(response.status == 400, body);
    auto document = fixture.Json(response).as_object();
    CHECK(document.at("error_code").as_string() == "BAD_REQUEST");
    std::string message(document.at("message").as_string());
    CHECK_MESSAGE(message.find(text) != std::string::npos, message);
    CHECK_FALSE(document.contains("stack_trace"));
  };
  auto json = [&](std::string_view body, std::string_view text) {
    has(body, text, "application/json");
  };
  const char* one = "The input must be a JSON dictionary with exactly one of the input fields";
  json("{", "Ensure that input is a valid JSON formatted string");
  json("\xff", "Ensure that input is a valid JSON formatted string");
  json("[1]", one);
  json("5", one);
  json("{}", one);
  json(R"({"inputs":{},"instances":[]})", one);
  json(R"({"dataframe_split":[1]})", "Dataframe split format must be a dictionary. Got list");
  json(R"({"dataframe_records":{"a":1}})",
       "Dataframe records format must be a list of records. Got dictionary.");
  json(R"({"dataframe_split":{"columns":["x"],"data":[[1,2]]}})",
       "Provided dataframe_split field is not a valid dataframe representation");
  json(R"({"dataframe_split":{"columns":["x","x"],"data":[[1,2]]}})", "twice");
  json(R"({"dataframe_split":{"columns":["x"],"data":[[1]],"zzz":1}})", "must have 'data' field");
  json(R"({"dataframe_records":[{"x":1},{"sex":"a"}]})", "Model is missing inputs ['flag']");
  json(R"({"dataframe_records":[{"x":"abc","flag":1,"sex":"a"}]})", "got the text 'abc'");
  json(R"({"instances":[[1,2]]})", "no list of 3 values");
  json(R"({"inputs":{"x":[1,2],"flag":[1],"sex":["a"]}})", "rows");
  json(R"({"inputs":{"x":[[[1]]],"flag":[1],"sex":["a"]}})", "got a list");
  json(R"({"dataframe_records":[]})", "Model is missing inputs");
  json(R"({"params":{"a":1},"instances":[]})", "'params'");
  has("x,flag\n1,2\n", "missing inputs ['sex']", "text/csv");
  has("x,flag,sex\n1,2\n", "Failed to parse input as a Pandas DataFrame", "text/csv");
  has("x,flag,sex\nq,2,a\n", "row 0: expected a number, got the text 'q'", "text/csv");
  has("x,flag,sex\n", "no rows", "text/csv");
  for (const char* type :
       {"application/xml", "application/json; charset=latin-1", "text/csv; header=maybe", ""}) {
    auto response = fixture.Post("/invocations", "{}", type);
    CHECK(response.status == 415);
    CHECK(response.content_type == "text/plain");
  }
  CHECK(fixture.Post("/invocations", "0,1,yes\n", "text/csv; header=absent").status == 200);
  CHECK(fixture.Post("/invocations", "0,1\n", "text/csv; header=absent").status == 400);
  CHECK(fixture.Get("/invocations").status == 405);
  CHECK(fixture.Get("/ping").body == "\n");
  CHECK(fixture.Get("/health").status == 200);
  CHECK(fixture.Get("/version").body == QUERN_VERSION);
}

TEST_CASE("TensorFlow Serving: a model of fewer scores than its package names classes") {
  ServeOptions options;
  options.models = {{"heart", "1", {}, "overstated"}};
  ServeFixture fixture(std::move(options));
  const char* examples =
      R"({"examples":[{"x":1,"flag":0,"sex":"no"},{"x":2,"flag":1,"sex":"yes"}]})";
  const auto answer = fixture.Post("/v1/models/heart:classify", examples);
  CHECK(answer.status == 500);
  CHECK(answer.body == R"({"error":"the server failed on this request"})");
}

TEST_CASE("feedback: JSON and CSV, idempotent, unknown ids reported") {
  ServeFixture fixture;
  auto scored = fixture.Json(fixture.Post(
      "/invocations", R"({"dataframe_records":[{"x":1,"flag":1,"sex":"a"}],"request_id":"r"})"));
  CHECK(WriteJson(scored.as_object().at("prediction_ids")) == R"(["r-0"])");
  auto post = [&](std::string_view body, std::string_view type = "application/json") {
    return fixture.Post("/v1/feedback", body, type).body;
  };
  CHECK(post(R"({"prediction_id":"r-0","label":1})") ==
        R"({"accepted":1,"updated":0,"unchanged":0,"unknown":[]})");
  CHECK(post(R"([{"prediction_id":"r-0","label":"1"},{"prediction_id":"zz","label":0}])") ==
        R"({"accepted":1,"updated":0,"unchanged":1,"unknown":["zz"]})");
  CHECK(post("prediction_id,label,label_time,source\nr-0,0,2026-11-24,clinic\nzz,0,,\n",
             "text/csv") == R"({"accepted":0,"updated":1,"unchanged":1,"unknown":["zz"]})");
  CHECK(post(R"({"prediction_id":"r-0","label":0,"label_time":1795478400000,"source":"clinic"})") ==
        R"({"accepted":0,"updated":0,"unchanged":1,"unknown":[]})");
  auto refused = [&](std::string_view body, std::string_view type = "application/json") {
    return fixture.Post("/v1/feedback", body, type).status;
  };
  CHECK(refused("{") == 400);
  CHECK(refused(R"({"prediction_id":"r-0"})") == 400);
  CHECK(refused(R"({"prediction_id":5,"label":1})") == 400);
  CHECK(refused(R"({"prediction_id":"r-0","label":null})") == 400);
  CHECK(refused(R"({"prediction_id":"r-0","label":1,"labl":1})") == 400);
  CHECK(refused(R"({"prediction_id":"r-0","label":1,"label_time":"soon"})") == 400);
  CHECK(refused(R"([[]])") == 400);
  CHECK(refused("prediction_id\nr-0\n", "text/csv") == 400);
  CHECK(refused("{}", "application/xml") == 415);
  ServeFixture without({}, false);
  CHECK(without.Post("/v1/feedback", "{}").status == 501);
}

TEST_CASE("metrics and the list of routes") {
  ServeFixture fixture;
  fixture.Post("/v2/models/heart/infer", kInfer);
  fixture.Post("/v2/models/heart/infer", "{");
  fixture.Post("/v2/models/made-up/infer", "{");
  auto response = fixture.Get("/metrics");
  CHECK(response.content_type == "text/plain; version=0.0.4; charset=utf-8");
  auto has = [&](const char* line) { return response.body.find(line) != std::string::npos; };
  CHECK(has("quern_requests_total{model=\"heart\",version=\"1\",code=\"200\"} 1\n"));
  CHECK(has("quern_requests_total{model=\"heart\",version=\"1\",code=\"400\"} 1\n"));
  CHECK(has("quern_requests_total{model=\"\",version=\"\",code=\"404\"} 1\n"));
  CHECK(has("quern_feature_missing_ratio{model=\"heart\",version=\"1\",feature=\"x\"} 0.5\n"));
  CHECK_FALSE(has("made-up"));
  CHECK(fixture.Get("/").body.find("/v1/feedback") != std::string::npos);
}

TEST_CASE("models are exchanged under load without one failed request") {
  ServeFixture fixture;
  std::atomic<bool> stop{false};
  std::atomic<int> bad{0};
  std::atomic<int> good{0};
  std::vector<std::thread> clients;
  for (int t = 0; t < 3; ++t) {
    clients.emplace_back([&] {
      net::HttpClient client("127.0.0.1", fixture.server->port());
      while (!stop) {
        auto response = client.Post("/v2/models/heart/infer", kInfer);
        ++(response && response->status == 200 ? good : bad);
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    std::string version = std::to_string(3 + i);
    REQUIRE(fixture.server->AddModel({"heart", version, {"champion"}, "binary"}));
    if (i > 0) REQUIRE(fixture.server->RemoveModel("heart", std::to_string(2 + i)));
    int before = good;
    while (good < before + 3 && bad == 0) std::this_thread::yield();
  }
  stop = true;
  for (auto& client : clients) client.join();
  CHECK(bad == 0);
}

TEST_CASE("starting says which model could not be loaded") {
  ServeOptions options;
  options.load = LoadFake;
  options.models = {{"heart", "1", {}, "absent"}};
  auto started = StartServer(std::move(options));
  REQUIRE_FALSE(started.has_value());
  CHECK(started.error().message == "no package in 'absent'");
  CHECK(started.error().context[0].find("heart version 1") != std::string::npos);
}

TEST_CASE("a model that fails on its own example is not served") {
  ServeFixture fixture;
  Status added = fixture.server->AddModel({"heart", "9", {}, "broken"});
  REQUIRE_FALSE(added.has_value());
  CHECK(added.error().message.find("Model is missing inputs") != std::string::npos);
  CHECK(fixture.Get("/v2/models/heart/versions/9").status == 404);
}

int64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t pages = 0;
  int64_t resident = 0;
  statm >> pages >> resident;
  return resident * 4096;
}

TEST_CASE("memory stays flat over ten thousand requests, good and bad") {
  ServeFixture fixture({}, false);
  auto run = [&](int count) {
    for (int i = 0; i < count; ++i) {
      bool good = i % 10 != 0;
      auto response = fixture.Post("/v2/models/heart/infer", good ? kInfer : "{\"inputs\":[{");
      REQUIRE(response.status == (good ? 200 : 400));
    }
  };
  run(2000);
  int64_t before = ResidentBytes();
  run(10000);
  CHECK(ResidentBytes() - before < 4 << 20);
}

}  // namespace
}  // namespace quern::server
