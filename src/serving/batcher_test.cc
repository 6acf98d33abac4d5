#include "serving/batcher.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/time.h"
#include "serving/batch_trial.h"
#include "serving/gathering.h"

namespace quern::serving {
namespace {

constexpr float kPoison = -1;

/// Doubles each value of [N,-1] and names it; fails if one is kPoison. May be made to wait, to mix
/// rows, and to take time for each run.
class GateEngine : public model::Engine {
 public:
  model::EngineKind kind() const override { return model::EngineKind::kOnnxRuntime; }
  const std::vector<TensorSpec>& inputs() const override { return inputs_; }
  const std::vector<TensorSpec>& outputs() const override { return outputs_; }

  Status Run(std::span<const TensorView> inputs, Arena& arena,
             std::span<TensorView> outputs) const override {
    {
      std::unique_lock lock(mutex_);
      runs_.push_back(inputs[0].shape[0]);
      changed_.notify_all();
      changed_.wait(lock, [this] { return open_; });
    }
    const double until = MonotonicSeconds() + seconds;
    while (MonotonicSeconds() < until) {
    }
    const auto values = inputs[0].values<float>();
    if (std::ranges::find(values, kPoison) != values.end()) {
      return Fail(Code::kInternal, "poison");
    }
    const std::span<float> doubled = arena.Make<float>(values.size());
    const std::span<std::string_view> names = arena.Make<std::string_view>(values.size());
    for (size_t i = 0; i < values.size(); ++i) {
      doubled[i] = 2 * (mixes ? values[0] : values[i]);
      names[i] = arena.Copy("v" + std::to_string(static_cast<int>(values[i])));
    }
    outputs[0] = {DataType::kFp32, inputs[0].shape, doubled.data()};
    outputs[1] = {DataType::kBytes, inputs[0].shape, names.data()};
    return {};
  }

  void Close() {
    std::unique_lock lock(mutex_);
    open_ = false;
  }
  void Open() {
    std::unique_lock lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  /// Until that many runs have begun.
  void Await(size_t runs) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return runs_.size() >= runs; });
  }
  std::vector<int64_t> runs() const {
    std::unique_lock lock(mutex_);
    return runs_;
  }

  bool mixes = false;
  double seconds = 0;

 private:
  std::vector<TensorSpec> inputs_{{"x", DataType::kFp32, {-1, -1}}};
  std::vector<TensorSpec> outputs_{{"y", DataType::kFp32, {-1, -1}},
                                   {"name", DataType::kBytes, {-1, -1}}};
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool open_ = true;
  mutable std::vector<int64_t> runs_;
};

/// One call on a thread of its own.
class Asked {
 public:
  Asked(Batcher& batcher, std::vector<float> values, int64_t width = 1, double deadline = 0)
      : values_(std::move(values)),
        shape_{static_cast<int64_t>(values_.size()) / width, width},
        thread_([this, &batcher, deadline] {
          const TensorView view{DataType::kFp32, shape_, values_.data()};
          status = batcher.Run({&view, 1}, static_cast<size_t>(shape_[0]), deadline, arena_,
                               outputs_, &ticket);
        }) {}
  ~Asked() { Join(); }
  void Join() {
    if (thread_.joinable()) thread_.join();
  }
  /// Joined, without an error, and with the answer that belongs to the call alone.
  bool Right() {
    Join();
    if (!status || !std::ranges::equal(outputs_[0].shape, shape_)) return false;
    for (size_t i = 0; i < values_.size(); ++i) {
      if (outputs_[0].values<float>()[i] != 2 * values_[i]) return false;
      const std::string name = "v" + std::to_string(static_cast<int>(values_[i]));
      if (outputs_[1].values<std::string_view>()[i] != name) return false;
    }
    return true;
  }

  Status status;
  Batcher::Ticket ticket;

 private:
  std::vector<float> values_;
  std::array<int64_t, 2> shape_;
  Arena arena_;
  std::array<TensorView, 2> outputs_;
  std::thread thread_;
};

struct BatcherFixture {
  explicit BatcherFixture(BatchOptions options) : batcher(engine, options) {}
  /// Until so many wait for a run.
  void AwaitWaiting(size_t count) const {
    while (batcher.waiting() != count) std::this_thread::yield();
  }
  std::shared_ptr<GateEngine> engine = std::make_shared<GateEngine>();
  Batcher batcher;
};

}  // namespace

TEST_CASE("who comes while a run is under way is scored with the others who do") {
  BatcherFixture fixture({.rows = 100, .delay = 0, .runs = 1});
  fixture.engine->Close();
  Asked first(fixture.batcher, {1});
  fixture.engine->Await(1);
  Asked second(fixture.batcher, {2, 3});
  fixture.AwaitWaiting(1);
  Asked third(fixture.batcher, {4});
  fixture.AwaitWaiting(2);
  Asked fourth(fixture.batcher, {5, 6, 7});
  fixture.AwaitWaiting(3);
  fixture.engine->Open();
  CHECK(first.Right());
  CHECK(second.Right());
  CHECK(third.Right());
  CHECK(fourth.Right());
  CHECK(fixture.engine->runs() == std::vector<int64_t>{1, 6});
  CHECK(first.ticket.led);
  CHECK(second.ticket.led);
  CHECK_FALSE(third.ticket.led);
  CHECK(third.ticket.run.rows == 6);
  CHECK(fourth.ticket.waited > 0);
}

TEST_CASE("who finds a run free does not wait for one under way") {
  BatcherFixture fixture({.rows = 100, .delay = 0, .runs = 2});
  fixture.engine->Close();
  Asked first(fixture.batcher, {1});
  fixture.engine->Await(1);
  Asked second(fixture.batcher, {2});
  fixture.engine->Await(2);
  fixture.engine->Open();
  CHECK(first.Right());
  CHECK(second.Right());
}

TEST_CASE("runs hold so many rows at most, and only rows that look alike") {
  BatcherFixture fixture({.rows = 2, .delay = 0, .runs = 1});
  fixture.engine->Close();
  Asked first(fixture.batcher, {1});
  fixture.engine->Await(1);
  std::vector<std::unique_ptr<Asked>> asked;
  const std::vector<std::pair<std::vector<float>, int64_t>> calls = {
      {{2}, 1}, {{3, 4}, 2}, {{5}, 1}, {{6}, 1}, {{7, 8}, 2}};
  for (const auto& [values, width] : calls) {
    asked.push_back(std::make_unique<Asked>(fixture.batcher, values, width));
    fixture.AwaitWaiting(asked.size());
  }
  fixture.engine->Open();
  CHECK(first.Right());
  for (const auto& one : asked) CHECK(one->Right());
  // {2} with {5}; {3,4} with {7,8}; {6}.
  CHECK(fixture.engine->runs() == std::vector<int64_t>{1, 2, 2, 1});
}

TEST_CASE("a deadline ends the waiting, and nobody else's") {
  BatcherFixture fixture({.rows = 100, .delay = 0, .runs = 1});
  fixture.engine->Close();
  Asked first(fixture.batcher, {1});
  fixture.engine->Await(1);
  Asked late(fixture.batcher, {2}, 1, MonotonicSeconds() + 0.01);
  late.Join();
  REQUIRE_FALSE(late.status);
  CHECK(late.status.error().code == Code::kDeadlineExceeded);
  Asked patient(fixture.batcher, {3}, 1, MonotonicSeconds() + 1000);
  fixture.AwaitWaiting(1);
  fixture.engine->Open();
  CHECK(first.Right());
  CHECK(patient.Right());
  CHECK(fixture.engine->runs() == std::vector<int64_t>{1, 1});
}

TEST_CASE("an error of a joint run is the error of whose it is") {
  BatcherFixture fixture({.rows = 100, .delay = 0, .runs = 1});
  fixture.engine->Close();
  Asked first(fixture.batcher, {1});
  fixture.engine->Await(1);
  Asked second(fixture.batcher, {2});
  fixture.AwaitWaiting(1);
  Asked bad(fixture.batcher, {kPoison});
  fixture.AwaitWaiting(2);
  Asked third(fixture.batcher, {3});
  fixture.AwaitWaiting(3);
  fixture.engine->Open();
  CHECK(first.Right());
  CHECK(second.Right());
  CHECK(third.Right());
  bad.Join();
  REQUIRE_FALSE(bad.status);
  CHECK(bad.status.error().message == "poison");
  std::vector<int64_t> runs = fixture.engine->runs();
  CHECK(runs == std::vector<int64_t>{1, 3, 1, 1, 1});
}

TEST_CASE("with a delay the first waits for others, until the batch is full") {
  BatcherFixture fixture({.rows = 3, .delay = 1000, .runs = 1});
  Asked first(fixture.batcher, {1});
  fixture.AwaitWaiting(1);
  Asked second(fixture.batcher, {2});
  fixture.AwaitWaiting(2);
  Asked third(fixture.batcher, {3});
  CHECK(first.Right());
  CHECK(second.Right());
  CHECK(third.Right());
  CHECK(fixture.engine->runs() == std::vector<int64_t>{3});

  BatcherFixture brief({.rows = 3, .delay = 0.001, .runs = 1});
  Asked alone(brief.batcher, {1});
  CHECK(alone.Right());
  CHECK(alone.ticket.waited >= 1'000'000);
}

TEST_CASE("many threads: every call gets its own answer") {
  BatcherFixture fixture({.rows = 8, .delay = 0, .runs = 2});
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      Arena arena;
      for (int i = 0; i < 500; ++i) {
        const std::array<float, 2> values = {static_cast<float>(t), static_cast<float>(i)};
        const std::array<int64_t, 2> shape = {2, 1};
        const TensorView view{DataType::kFp32, shape, values.data()};
        std::array<TensorView, 2> outputs;
        Batcher::Ticket ticket;
        arena.Reset();
        if (!fixture.batcher.Run({&view, 1}, 2, 0, arena, outputs, &ticket)) continue;
        const auto y = outputs[0].values<float>();
        right += y.size() == 2 && y[0] == 2 * values[0] && y[1] == 2 * values[1] ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 8 * 500);
}

TEST_CASE("a trial lets only models batch whose rows are their own, and that gain by it") {
  GateEngine engine;
  engine.seconds = 0.001;
  const BatchTrial good = TryBatch(engine);
  CHECK(good.against.empty());
  CHECK(good.together_us < good.alone_us);
  engine.mixes = true;
  CHECK(TryBatch(engine).against == "what it answers for a row depends on the rows beside it");
}

TEST_CASE("what was gathered is scored together, each call under its own deadline and error") {
  auto engine = std::make_shared<GateEngine>();
  ModelParts parts;
  parts.name = "m";
  parts.version = "1";
  parts.engine = engine;
  auto model = ServedModel::Make(std::move(parts));
  REQUIRE(model);
  model->SetBatcher(std::make_shared<Batcher>(engine, BatchOptions{.rows = 4}));
  const ServedModelPtr served = std::make_shared<const ServedModel>(std::move(*model));
  Gathering gathering;
  std::vector<size_t> tickets;
  const auto add = [&](std::vector<float> values, double deadline = 0) {
    const std::span<float> copy = gathering.arena().Make<float>(values.size());
    std::copy(values.begin(), values.end(), copy.begin());
    const std::span<int64_t> shape = gathering.arena().Make<int64_t>(2);
    shape[0] = static_cast<int64_t>(values.size());
    shape[1] = 1;
    const std::span<TensorView> view = gathering.arena().Make<TensorView>(1);
    view[0] = {DataType::kFp32, shape, copy.data()};
    tickets.push_back(gathering.Add(served, {view, values.size()}, MonotonicSeconds(), deadline));
  };
  add({1});
  add({2, 3});
  add({9}, MonotonicSeconds() - 1);
  add({4});
  add({5});
  gathering.Run();
  CHECK(engine->runs() == std::vector<int64_t>{4, 1});
  CHECK(gathering.Call(tickets[1]).outputs[0].values<float>()[1] == 6);
  CHECK(gathering.Call(tickets[3]).outputs[1].values<std::string_view>()[0] == "v4");
  CHECK(gathering.Call(tickets[4]).outputs[0].values<float>()[0] == 10);
  CHECK(gathering.Call(tickets[2]).status.error().code == Code::kDeadlineExceeded);
  const ModelMetrics::Totals totals = served->metrics().Sum();
  CHECK(totals.executions == 2);
  REQUIRE(totals.runs.size() == 4);
  CHECK(totals.runs[3].count == 1);
  CHECK(totals.runs[0].count == 1);

  gathering.Clear();
  CHECK(gathering.empty());
  tickets.clear();
  add({1});
  add({kPoison});
  gathering.Run();
  CHECK(gathering.Call(tickets[0]).status);
  CHECK(gathering.Call(tickets[0]).outputs[0].values<float>()[0] == 2);
  CHECK(gathering.Call(tickets[1]).status.error().message == "poison");
}

}  // namespace quern::serving
