// Scoring requests changed at random: each is answered or refused, and what is answered was JSON.
#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "base/fuzz_test.h"
#include "base/json_doc.h"
#include "server/mlflow/scoring_request.h"
#include "server/oip/infer_request.h"
#include "server/oip/infer_response.h"
#include "server/tfs/predict_request.h"
#include "serving/fake_engine.h"
#include "serving/inference.h"

namespace quern::server {
namespace {

const std::vector<std::string> kPieces = {"{",
                                          "}",
                                          "[",
                                          "]",
                                          ",",
                                          ":",
                                          "\"",
                                          "\\",
                                          "\\ud800",
                                          "null",
                                          "true",
                                          "NaN",
                                          "-",
                                          "1e999",
                                          "-Infinity",
                                          "0.1",
                                          "[[",
                                          "\"shape\":",
                                          "[-1]",
                                          "[0]",
                                          "\"data\":",
                                          "\"FP16\"",
                                          "\"BYTES\"",
                                          "\"UINT64\"",
                                          "\xff",
                                          "\xc3\xbc",
                                          "\"id\":",
                                          "\"inputs\":",
                                          "18446744073709551616",
                                          "[9223372036854775807]",
                                          "\"binary_data_size\":",
                                          "\"parameters\":{"};

TEST_CASE("scoring requests changed at random") {
  const std::vector<std::string> corpus = testing::Corpus(QUERN_SOURCE_DIR, "oip_json");
  serving::Catalog catalog;
  REQUIRE(catalog.Add(serving::FakeServed("heart", "1", serving::BinarySignature())));
  const serving::InferenceService service(catalog, SystemClock(), nullptr, {1, 1 << 16});
  const serving::ServedModelPtr served = catalog.Find("heart").value();
  Rng rng(11);
  Arena arena;
  size_t read = 0;
  size_t answered = 0;
  for (int i = 0; i < 60'000; ++i) {
    arena.Reset();
    const std::string text = testing::Mutated(corpus, kPieces, rng);
    const std::string tail(rng.Below(4) == 0 ? 8 : 0, '\1');
    auto infer = oip::ReadInferRequest(text, tail, arena);
    if (infer) {
      // A document may be read that has a key twice where nothing looks at it.
      auto document = JsonDoc::Parse(text);
      const bool json = document || document.error().problem == JsonDoc::Problem::kDuplicate;
      REQUIRE_MESSAGE(json, text);
      ++read;
      auto answer = service.Infer(served, infer->call, arena);
      std::string out;
      if (answer && oip::WriteInferResponse(*infer, *answer, &out)) ++answered;
    } else {
      REQUIRE(infer.error().code == Code::kInvalidArgument);
    }
    auto scoring = mlflow::ReadScoringJson(text, *served, arena);
    if (scoring) {
      if (service.Infer(served, scoring->call, arena)) ++answered;
    }
    auto predict = tfs::ReadPredict(text, *served, arena);
    if (predict) {
      if (service.Infer(served, predict->call, arena)) ++answered;
    }
    (void)tfs::ReadExamples(text, *served, arena);
    (void)mlflow::ReadScoringCsv(text, rng.Below(2) == 0, *served, arena);
  }
  CHECK(read > 500);
  CHECK(answered > 500);
}

}  // namespace
}  // namespace quern::server
