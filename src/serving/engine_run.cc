#include "serving/engine_run.h"

#include <algorithm>
#include <cstring>

#include "base/mutex.h"
#include "base/parallel.h"
#include "base/time.h"
#include "serving/batcher.h"
#include "serving/deadline.h"

namespace quern::serving {
namespace {

/// Pieces per thread: enough that threads end at about the same time.
constexpr size_t kPiecesPerThread = 4;
/// A piece below this costs more to hand out than to score.
constexpr size_t kLeastRows = 256;

size_t RowElements(std::span<const int64_t> shape) {
  size_t count = 1;
  for (size_t i = 1; i < shape.size(); ++i) count *= static_cast<size_t>(shape[i]);
  return count;
}

/// Rows [first, first + count) of a view; the shape is made in `arena`.
TensorView Slice(const TensorView& view, size_t first, size_t count, Arena& arena) {
  std::span<int64_t> shape = arena.Make<int64_t>(view.shape.size());
  std::copy(view.shape.begin(), view.shape.end(), shape.begin());
  shape[0] = static_cast<int64_t>(count);
  const size_t offset = first * RowElements(view.shape) * model::ElementSize(view.type);
  return {view.type, shape, static_cast<const std::byte*>(view.data) + offset};
}

bool KnownTails(const ServedModel& served) {
  return std::all_of(served.engine().outputs().begin(), served.engine().outputs().end(),
                     [](const TensorSpec& spec) {
                       return std::all_of(spec.shape.begin() + 1, spec.shape.end(),
                                          [](int64_t d) { return d >= 0; });
                     });
}

/// Outputs of `rows` rows, to be filled.
void MakeOutputs(const ServedModel& served, size_t rows, Arena& arena,
                 std::span<TensorView> outputs) {
  const std::vector<TensorSpec>& specs = served.engine().outputs();
  for (size_t i = 0; i < specs.size(); ++i) {
    std::span<int64_t> shape = arena.Make<int64_t>(specs[i].shape.size());
    std::copy(specs[i].shape.begin(), specs[i].shape.end(), shape.begin());
    shape[0] = static_cast<int64_t>(rows);
    const size_t bytes = rows * RowElements(shape) * model::ElementSize(specs[i].type);
    outputs[i] = {specs[i].type, shape, arena.Make<uint64_t>((bytes + 7) / 8).data()};
  }
}

/// What a piece answered, into its place. Texts move into the answer's arena.
class Gather {
 public:
  Gather(std::span<TensorView> into, Arena& arena) : into_(into), arena_(arena) {}

  Status Put(std::span<const TensorView> piece, size_t first, size_t count) {
    for (size_t i = 0; i < piece.size(); ++i) {
      const size_t row = RowElements(into_[i].shape);
      if (piece[i].type != into_[i].type || piece[i].elements() != count * row) {
        return Fail(Code::kInternal, "the model answered with another number of rows");
      }
      // The views are const for their readers; the memory is ours.
      auto* out = static_cast<std::byte*>(const_cast<void*>(into_[i].data)) +
                  first * row * model::ElementSize(into_[i].type);
      if (into_[i].type == DataType::kBytes) {
        PutTexts(piece[i], reinterpret_cast<std::string_view*>(out));
      } else if (count * row > 0) {
        std::memcpy(out, piece[i].data, count * row * model::ElementSize(piece[i].type));
      }
    }
    return {};
  }

 private:
  void PutTexts(const TensorView& piece, std::string_view* out) {
    MutexLock lock(mutex_);
    for (std::string_view text : piece.values<std::string_view>()) *out++ = arena_.Copy(text);
  }
  std::span<TensorView> into_;
  Arena& arena_;
  Mutex mutex_;
};

/// Who leads counts the run: the others' answers depend on nothing that it does afterwards.
Status RunJoint(const ServedModel& served, const BoundInputs& inputs, double deadline, Arena& arena,
                std::span<TensorView> outputs, EngineTimes* times) {
  Batcher::Ticket ticket;
  QUERN_TRY(served.batcher()->Run(inputs.views, inputs.rows, deadline, arena, outputs, &ticket));
  times->joined = true;
  times->waited = ticket.waited;
  if (ticket.led) served.metrics().Ran(ticket.run);
  return {};
}

}  // namespace

Status RunEngine(const ServedModel& served, const BoundInputs& inputs, const RunLimits& limits,
                 Arena& arena, std::span<TensorView> outputs, EngineTimes* times) {
  QUERN_TRY(CheckDeadline(limits.deadline));
  const size_t rows = inputs.rows;
  Batcher* const batcher = served.batcher();
  if (batcher != nullptr && limits.may_wait && rows > 0 && rows < batcher->options().rows) {
    return RunJoint(served, inputs, limits.deadline, arena, outputs, times);
  }
  size_t piece = served.rows_per_call() > 0 ? served.rows_per_call() : rows;
  size_t threads = 1;
  if (served.row_wise() && rows * inputs.views.size() > limits.split_elements) {
    threads = std::max<size_t>(limits.threads, 1);
    const size_t share = (rows + threads * kPiecesPerThread - 1) / (threads * kPiecesPerThread);
    piece = std::min(piece, std::max(share, kLeastRows));
  }
  if (piece >= rows || !served.row_wise() || !KnownTails(served)) {
    return served.engine().Run(inputs.views, arena, outputs);
  }
  MakeOutputs(served, rows, arena, outputs);
  Gather gather(outputs, arena);
  return ParallelFor((rows + piece - 1) / piece, threads, [&](size_t index) -> Status {
    QUERN_TRY(CheckDeadline(limits.deadline));
    const size_t first = index * piece;
    const size_t count = std::min(piece, rows - first);
    Arena own;
    std::span<TensorView> views = own.Make<TensorView>(inputs.views.size());
    for (size_t i = 0; i < views.size(); ++i) {
      views[i] = Slice(inputs.views[i], first, count, own);
    }
    std::span<TensorView> answers = own.Make<TensorView>(outputs.size());
    QUERN_TRY(served.engine().Run(views, own, answers));
    return gather.Put(answers, first, count);
  });
}

}  // namespace quern::serving
