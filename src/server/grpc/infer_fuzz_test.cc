// Messages of gRPC changed at random, as bytes: each is answered, or refused as the client's
// mistake.
#include <doctest/doctest.h>
#include <google/protobuf/stubs/logging.h>

#include <string>
#include <vector>

#include "base/fuzz_test.h"
#include "inference/inference.pb.h"
#include "server/grpc/answer.h"
#include "server/grpc/infer_request.h"
#include "server/grpc/infer_response.h"
#include "serving/fake_engine.h"
#include "serving/inference.h"

namespace quern::server::grpc {
namespace {

using ::inference::ModelInferRequest;
using Tensor = ModelInferRequest::InferInputTensor;

Tensor* AddInput(ModelInferRequest* request, const char* name, const char* type) {
  Tensor* tensor = request->add_inputs();
  tensor->set_name(name);
  tensor->set_datatype(type);
  tensor->add_shape(2);
  return tensor;
}

ModelInferRequest Typed(const char* x_type, void (*fill)(::inference::InferTensorContents*)) {
  ModelInferRequest request;
  request.set_model_name("heart");
  request.set_id("a");
  fill(AddInput(&request, "x", x_type)->mutable_contents());
  fill(AddInput(&request, "flag", x_type)->mutable_contents());
  auto* sex = AddInput(&request, "sex", "BYTES")->mutable_contents();
  sex->add_bytes_contents("yes");
  sex->add_bytes_contents("no");
  return request;
}

/// What clients send: typed in every field, raw, with parameters and wanted outputs.
std::vector<std::string> Requests() {
  std::vector<ModelInferRequest> requests = {
      Typed("FP64", [](auto* c) { c->mutable_fp64_contents()->Resize(2, 0.5); }),
      Typed("FP32", [](auto* c) { c->mutable_fp32_contents()->Resize(2, 0.5F); }),
      Typed("INT8", [](auto* c) { c->mutable_int_contents()->Resize(2, -3); }),
      Typed("INT64", [](auto* c) { c->mutable_int64_contents()->Resize(2, 1 << 20); }),
      Typed("UINT16", [](auto* c) { c->mutable_uint_contents()->Resize(2, 7); }),
      Typed("UINT64", [](auto* c) { c->mutable_uint64_contents()->Resize(2, 7); }),
      Typed("BOOL", [](auto* c) { c->mutable_bool_contents()->Resize(2, true); })};
  ModelInferRequest raw;
  raw.set_model_name("heart");
  AddInput(&raw, "x", "FP16");
  AddInput(&raw, "flag", "FP64");
  AddInput(&raw, "sex", "BYTES");
  raw.add_raw_input_contents("\0\x3c\0\x3c", 4);
  raw.add_raw_input_contents(std::string(16, '\0'));
  raw.add_raw_input_contents(std::string("\3\0\0\0yes\2\0\0\0no", 13));
  requests.push_back(raw);
  (*raw.mutable_parameters())["threshold"].set_double_param(0.3);
  (*raw.mutable_parameters())["timeout"].set_int64_param(1'000'000);
  (*raw.mutable_parameters())["content_type"].set_string_param("pd");
  raw.add_outputs()->set_name("label");
  requests.push_back(raw);
  std::vector<std::string> corpus;
  for (const ModelInferRequest& request : requests) corpus.push_back(request.SerializeAsString());
  return corpus;
}

const std::vector<std::string> kPieces = testing::ProtobufPieces(
    {"FP16", "UINT64", "explain", "classification", "shared_memory_region"});

TEST_CASE("messages of gRPC changed at random") {
  const std::vector<std::string> corpus = Requests();
  serving::Catalog catalog;
  REQUIRE(catalog.Add(serving::FakeServed("heart", "1", serving::BinarySignature())));
  const serving::InferenceService service(catalog, SystemClock(), nullptr, {1, 1 << 16});
  const serving::ServedModelPtr served = catalog.Find("heart").value();
  const google::protobuf::LogSilencer silence;
  Rng rng(7);
  Arena arena;
  size_t parsed = 0;
  size_t answered = 0;
  const auto ask = [&](const std::string& bytes) {
    arena.Reset();
    (void)MayExplain(bytes);
    ModelInferRequest message;
    if (!message.ParseFromString(bytes)) return;
    ++parsed;
    const auto request = ReadInferRequest(message, arena);
    if (!request) {
      const Code code = request.error().code;
      REQUIRE((code == Code::kInvalidArgument || code == Code::kUnimplemented));
      return;
    }
    const auto answer = service.Infer(served, request->call, arena);
    if (!answer) {
      const Code code = answer.error().code;
      REQUIRE((code == Code::kInvalidArgument || code == Code::kInternal));
      return;
    }
    ::inference::ModelInferResponse response;
    WriteInferResponse(request->call, *answer, &response);
    REQUIRE(!response.SerializeAsString().empty());
    ++answered;
  };
  for (const std::string& bytes : corpus) ask(bytes);
  CHECK(answered == corpus.size());
  for (int i = 0; i < 120'000; ++i) {
    ask(testing::Mutated(corpus, kPieces, rng));
    ask(testing::Tweaked(corpus, rng));
  }
  CHECK(parsed > 30'000);
  CHECK(answered > 10'000);
}

}  // namespace
}  // namespace quern::server::grpc
