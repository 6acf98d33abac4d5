#include "server/grpc/intake.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "inference/inference.pb.h"
#include "server/grpc/answer.h"
#include "serving/batcher.h"
#include "serving/fake_engine.h"

namespace quern::server::grpc {
namespace {

using ::inference::ModelInferRequest;
using ::inference::ModelInferResponse;

/// A server whose models nobody may load or unload.
class Fixed : public ModelControl {
 public:
  bool allowed() const override { return false; }
  std::vector<Known> Index() const override { return {}; }
  Status Load(std::string_view) override { return {}; }
  Status Unload(std::string_view) override { return {}; }
};

/// Serves `net` 1, whose requests may be scored together, four rows at a time, and `tree` 1, whose
/// may not. Both answer as serving::FakeEngine does.
struct IntakeFixture {
  ManualClock clock{5000};
  serving::Catalog catalog;
  serving::InferenceService inference{catalog, clock, nullptr};
  serving::Metrics metrics{clock};
  Fixed control;
  ServingContext context{catalog,
                         inference,
                         metrics,
                         clock,
                         control,
                         nullptr,
                         [] { return false; },
                         [] { return serving::ServerGauges(); }};
  Intake intake;

  IntakeFixture() {
    auto net = serving::FakeServed("net", "1", serving::BinarySignature());
    net.SetBatcher(
        std::make_shared<serving::Batcher>(net.shared_engine(), serving::BatchOptions{.rows = 4}));
    REQUIRE(catalog.Add(std::move(net)));
    REQUIRE(catalog.Add(serving::FakeServed("tree", "1", serving::BinarySignature())));
  }

  Job JobOf(std::string_view bytes, Turn turn = {{.arrived = MonotonicSeconds()}}) const {
    return {context, bytes, size_t{1} << 20, turn};
  }
  ModelInferResponse Answer(const Job& job) const {
    const Answered answered = AnswerUnary(Method::kModelInfer, job);
    REQUIRE(answered.message);
    ModelInferResponse response;
    response.CopyFrom(**answered.message);
    return response;
  }
  Code Refusal(const Job& job) const {
    const Answered answered = AnswerUnary(Method::kModelInfer, job);
    REQUIRE_FALSE(answered.message);
    return answered.message.error().code;
  }
  serving::ModelMetrics::Totals Counted() const {
    return catalog.Find("net").value()->metrics().Sum();
  }
};

/// A row for each value of x; flag is 0, sex is "no".
ModelInferRequest RequestOf(std::string_view model, const std::vector<double>& x) {
  ModelInferRequest request;
  request.set_model_name(std::string(model));
  for (const char* name : {"x", "flag", "sex"}) {
    auto* input = request.add_inputs();
    input->set_name(name);
    input->set_datatype(*name == 's' ? "BYTES" : "FP64");
    input->add_shape(static_cast<int64_t>(x.size()));
    for (double value : x) {
      if (*name == 's') {
        input->mutable_contents()->add_bytes_contents("no");
      } else {
        input->mutable_contents()->add_fp64_contents(*name == 'x' ? value : 0);
      }
    }
  }
  return request;
}

/// P(class 1) of the row, and what it should be.
double Score(const ModelInferResponse& response, size_t row) {
  double score = 0;
  std::memcpy(&score, response.raw_output_contents(1).data() + (2 * row + 1) * sizeof score,
              sizeof score);
  return score;
}
double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

TEST_CASE("calls that were taken in are one run, and each has the answer that is its own") {
  IntakeFixture fixture;
  const std::vector<std::vector<double>> values = {{1}, {-1, 0.5}, {2}};
  std::vector<std::string> bytes;
  std::vector<size_t> tickets;
  for (size_t i = 0; i < values.size(); ++i) {
    ModelInferRequest request = RequestOf("net", values[i]);
    request.set_id("call " + std::to_string(i));
    bytes.push_back(request.SerializeAsString());
    tickets.push_back(fixture.intake.TakeIn(fixture.JobOf(bytes.back())));
    CHECK(tickets.back() == i + 1);
  }
  fixture.intake.Run();
  CHECK(fixture.Counted().executions == 1);
  CHECK(fixture.Counted().runs[3].count == 1);
  for (size_t i = 0; i < values.size(); ++i) {
    const serving::GatheredCall& gathered = fixture.intake.Call(tickets[i]);
    const auto response =
        fixture.Answer(fixture.JobOf(bytes[i], {{.arrived = gathered.arrived}, &gathered}));
    CHECK(response.id() == "call " + std::to_string(i));
    CHECK(response.model_name() == "net");
    REQUIRE(response.raw_output_contents(1).size() == values[i].size() * 2 * sizeof(double));
    for (size_t row = 0; row < values[i].size(); ++row) {
      CHECK(Score(response, row) == Sigmoid(values[i][row]));
    }
    // As it is answered without company, to the byte.
    CHECK(response.SerializeAsString() ==
          fixture.Answer(fixture.JobOf(bytes[i])).SerializeAsString());
  }
  fixture.intake.Clear();
  CHECK(fixture.Counted().executions == 1 + values.size());
  CHECK(fixture.Counted().rows == 2 * 4);
  // The next ones begin anew.
  CHECK(fixture.intake.TakeIn(fixture.JobOf(bytes[0])) == 1);
}

TEST_CASE("what is not for company is not taken in") {
  IntakeFixture fixture;
  const auto taken = [&](const ModelInferRequest& request) {
    return fixture.intake.TakeIn(fixture.JobOf(request.SerializeAsString())) > 0;
  };
  CHECK_FALSE(taken(RequestOf("tree", {1})));
  CHECK_FALSE(taken(RequestOf("nobody", {1})));
  // As many rows as a run may have.
  CHECK_FALSE(taken(RequestOf("net", {1, 2, 3, 4})));
  CHECK_FALSE(taken(RequestOf("net", {})));
  ModelInferRequest other = RequestOf("net", {1});
  other.mutable_inputs(0)->set_name("y");
  CHECK_FALSE(taken(other));
  other = RequestOf("net", {1});
  other.set_model_version("2");
  CHECK_FALSE(taken(other));
  other = RequestOf("net", {1});
  (*other.mutable_parameters())["note"].set_string_param(std::string(17 << 10, 'x'));
  CHECK_FALSE(taken(other));

  const std::string good = RequestOf("net", {1}).SerializeAsString();
  CHECK(fixture.intake.TakeIn(fixture.JobOf(good.substr(0, good.size() - 1))) == 0);
  // The model that is named last is the one that is asked.
  CHECK(fixture.intake.TakeIn(
            fixture.JobOf(good + RequestOf("tree", {}).SerializeAsString().substr(0, 6))) == 0);
  CHECK(fixture.intake.TakeIn(fixture.JobOf(good)) == 1);
}

TEST_CASE("a call whose time has passed is told so, and nobody else") {
  IntakeFixture fixture;
  const std::string good = RequestOf("net", {1}).SerializeAsString();
  ModelInferRequest hasty = RequestOf("net", {2});
  (*hasty.mutable_parameters())["timeout"].set_int64_param(1);
  const std::string late = hasty.SerializeAsString();
  const double now = MonotonicSeconds();
  const Turn ago{{.arrived = now - 1}};
  const Turn past{{.arrived = now - 1, .deadline = now - 0.5}};
  const std::vector<Job> jobs = {fixture.JobOf(good), fixture.JobOf(late, ago),
                                 fixture.JobOf(good, past), fixture.JobOf(good)};
  std::vector<Job> asked;
  for (const Job& job : jobs) {
    const size_t ticket = fixture.intake.TakeIn(job);
    REQUIRE(ticket > 0);
    asked.push_back(job);
    asked.back().turn.gathered = &fixture.intake.Call(ticket);
  }
  fixture.intake.Run();
  CHECK(fixture.Counted().runs[1].count == 1);
  CHECK(Score(fixture.Answer(asked[0]), 0) == Sigmoid(1));
  CHECK(fixture.Refusal(asked[1]) == Code::kDeadlineExceeded);
  CHECK(fixture.Refusal(asked[2]) == Code::kDeadlineExceeded);
  CHECK(Score(fixture.Answer(asked[3]), 0) == Sigmoid(1));
  CHECK(fixture.Counted().executions == 1);
}

TEST_CASE("the model is found at the beginning of a message") {
  ModelInferRequest request = RequestOf("net", {1});
  CHECK(PeekModel(request.SerializeAsString()).model == "net");
  CHECK(PeekModel(request.SerializeAsString()).version == "");
  request.set_model_version("champion");
  request.set_id("an id");
  CHECK(PeekModel(request.SerializeAsString()).model == "net");
  CHECK(PeekModel(request.SerializeAsString()).version == "champion");
  request.clear_model_name();
  CHECK(PeekModel(request.SerializeAsString()).model == "");
  CHECK(PeekModel(request.SerializeAsString()).version == "champion");
  for (std::string_view broken :
       {std::string_view(), std::string_view("\x0a"), std::string_view("\x0a\x05net"),
        std::string_view("\x0a\xff\xff\xff\xff\xff"), std::string_view("\xff\xff")}) {
    CHECK(PeekModel(broken).model == "");
  }
}

}  // namespace
}  // namespace quern::server::grpc
