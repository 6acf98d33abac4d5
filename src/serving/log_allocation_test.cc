// Logging allocates nothing after warm-up: counted by operator new itself.
#include "serving/log_fixture.h"
#include "tests/allocations/allocations.h"

namespace quern::serving {
namespace {

/// Allocations of 180 wake-ups of 32 requests each, after a few to warm up.
size_t LoggingAllocations(PredictionLog& log, const ServedModelPtr& model, bool named) {
  constexpr size_t kRows = 3;
  const double x[] = {1, 2, 3};
  const std::string_view sex[] = {"yes", "", "no"};
  const double scores[] = {0.5, 0.5, 0.25, 0.75, 0.125, 0.875};
  const int64_t label[] = {0, 1, 1};
  const int64_t one[] = {kRows, 1};
  const int64_t two[] = {kRows, 2};
  const TensorView inputs[] = {
      {DataType::kFp64, one, x}, {DataType::kFp64, one, x}, {DataType::kBytes, one, sex}};
  const TensorView outputs[] = {{DataType::kInt64, one, label}, {DataType::kFp64, two, scores}};
  InferenceCall call;
  if (named) call.id = "the id of a request";
  Arena arena;
  size_t before = 0;
  for (int round = 0; round < 200; ++round) {
    if (round == 20) before = Allocations();
    const DeferredLog deferred;
    for (int i = 0; i < 32; ++i) {
      arena.Reset();
      if (log.Log({*model, call, inputs, outputs, kRows, 1'700'000'000'000, 0.5}, arena)->size() !=
          kRows) {
        return size_t{1} << 20;
      }
    }
    if (!log.CommitDeferred()) return size_t{1} << 20;
  }
  return Allocations() - before;
}

TEST_CASE("logging allocates nothing after warm-up") {
  LogStore store(store::Engine::kSqlite);
  const ServedModelPtr model = store.catalog.Default().value();
  auto options = Unhurried(store.dir.path());
  auto log = store.Open(options);
  CHECK(LoggingAllocations(*log, model, false) == 0);
  CHECK(LoggingAllocations(*log, model, true) == 0);
  CHECK(log->counts().rows == 2 * 200 * 32 * 3);
  log.reset();
  options.policy = {1, {"x"}, {"sex", "flag"}, std::string(32, 'k')};
  log = store.Open(options);
  CHECK(LoggingAllocations(*log, model, false) == 0);
}

}  // namespace
}  // namespace quern::serving
