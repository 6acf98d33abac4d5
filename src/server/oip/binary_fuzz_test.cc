// Requests whose tensors come as bytes, made and then changed at random: each is answered, or
// refused as the client's mistake, whatever the bytes are.
#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "base/random.h"
#include "server/oip/infer_request.h"
#include "server/oip/infer_response.h"
#include "serving/fake_engine.h"
#include "serving/inference.h"

namespace quern::server {
namespace {

struct Body {
  std::string head;  // JSON
  std::string tail;  // tensors
};

constexpr std::array<std::string_view, 15> kTypes = {"BOOL", "UINT8", "UINT16", "UINT32", "UINT64",
                                                     "INT8", "INT16", "INT32",  "INT64",  "FP16",
                                                     "BF16", "FP32",  "FP64",   "BYTES",  "FP99"};

void AppendLength(std::string* out, uint64_t length) {
  for (int shift = 0; shift < 32; shift += 8) out->push_back(static_cast<char>(length >> shift));
}

/// As many elements as the shape says, most of them such as the type may have.
std::string Elements(std::string_view type, uint64_t count, Rng& rng) {
  std::string bytes;
  const auto known = model::ParseDataType(type);
  if (known == model::DataType::kBytes) {
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t length = rng.Below(5);
      AppendLength(&bytes, length);
      bytes.append(length, static_cast<char>('a' + rng.Below(20)));
    }
    return bytes;
  }
  const uint64_t size = count * (known ? model::ElementSize(*known) : 4);
  const bool wild = known != model::DataType::kBool && rng.Below(2) == 0;
  for (uint64_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(rng.Below(wild ? 256 : 2)));
  return bytes;
}

/// One to three bytes of it are changed, taken out or put in, or its end goes.
void Change(std::string* bytes, Rng& rng) {
  for (uint64_t changes = 1 + rng.Below(3); changes > 0; --changes) {
    const size_t at = rng.Below(bytes->size() + 1);
    const uint64_t kind = rng.Below(4);
    if (kind == 0 && at < bytes->size()) (*bytes)[at] = static_cast<char>(rng.Below(256));
    if (kind == 1) bytes->erase(at, 1 + rng.Below(8));
    if (kind == 2) bytes->insert(at, 1 + rng.Below(8), '\xff');
    if (kind == 3) bytes->resize(at);
  }
}

Body MakeBody(Rng& rng) {
  static constexpr std::array<std::string_view, 5> kShapes = {"[%]", "[%,1]", "[%,2]", "[-1]",
                                                              "[4294967296,4294967296]"};
  const uint64_t rows = 1 + rng.Below(3);
  Body body;
  body.head = R"({"inputs":[)";
  for (const std::string_view column : {"x", "flag", "sex"}) {
    const bool usual = rng.Below(8) > 0;
    const std::string_view type = column == "sex" && usual ? "BYTES" : kTypes[rng.Below(15)];
    std::string shape(kShapes[usual ? rng.Below(2) : rng.Below(5)]);
    const size_t place = shape.find('%');
    if (place != std::string::npos) shape.replace(place, 1, std::to_string(rows));
    const std::string bytes = Elements(type, rows * (shape.ends_with(",2]") ? 2 : 1), rng);
    const uint64_t announced = rng.Below(30) == 0 ? rng.Next() >> rng.Below(64) : bytes.size();
    if (column != "x") body.head += ',';
    body.head.append(R"({"name":")").append(column);
    body.head.append(R"(","shape":)").append(shape);
    body.head.append(R"(,"datatype":")").append(type);
    body.head += R"(","parameters":{"binary_data_size":)" + std::to_string(announced) + "}}";
    body.tail += bytes;
  }
  body.head += R"(],"parameters":{"binary_data_output":true}})";
  if (rng.Below(3) == 0) Change(&body.tail, rng);
  if (rng.Below(6) == 0) Change(&body.head, rng);
  return body;
}

TEST_CASE("binary tensors changed at random") {
  serving::Catalog catalog;
  REQUIRE(catalog.Add(serving::FakeServed("heart", "1", serving::BinarySignature())));
  serving::Signature one;
  one.task = ml::Task::kRegression;
  one.inputs = {{"x", false}};
  one.rows_per_call = 1'000'000;
  REQUIRE(catalog.Add(serving::FakeServed("one", "1", one)));
  const serving::InferenceService service(catalog, SystemClock(), nullptr, {1, 1 << 16});
  const serving::ServedModelPtr heart = catalog.Find("heart").value();
  const serving::ServedModelPtr single = catalog.Find("one").value();
  Rng rng(5);
  Arena arena;
  size_t answered = 0;
  size_t refused = 0;
  const auto ask = [&](const serving::ServedModelPtr& served,
                       const Result<oip::InferRequest>& request) {
    if (!request) {
      REQUIRE(request.error().code == Code::kInvalidArgument);
      ++refused;
      return;
    }
    const auto answer = service.Infer(served, request->call, arena);
    if (!answer) {
      // A number beyond what the fake engine can add up is no score: that is found too.
      const Code code = answer.error().code;
      REQUIRE((code == Code::kInvalidArgument || code == Code::kInternal));
      ++refused;
      return;
    }
    std::string out;
    const auto json = oip::WriteInferResponse(*request, *answer, &out);
    REQUIRE(json.has_value());
    REQUIRE(*json <= out.size());
    ++answered;
  };
  for (int i = 0; i < 60'000; ++i) {
    arena.Reset();
    const Body body = MakeBody(rng);
    ask(heart, oip::ReadInferRequest(body.head, body.tail, arena));
    ask(single, oip::ReadRawRequest(*single, body.tail, arena));
  }
  CHECK(answered > 20'000);
  CHECK(refused > 20'000);
}

}  // namespace
}  // namespace quern::server
