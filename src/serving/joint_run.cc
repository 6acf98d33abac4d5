#include "serving/joint_run.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/time.h"

namespace quern::serving {
namespace {

using model::DataType;
using model::TensorSpec;
using model::TensorView;

/// Bytes of a row.
size_t RowBytes(const TensorView& view) {
  size_t bytes = model::ElementSize(view.type);
  for (size_t d = 1; d < view.shape.size(); ++d) bytes *= static_cast<size_t>(view.shape[d]);
  return bytes;
}

std::span<const int64_t> WithRows(std::span<const int64_t> shape, size_t rows, Arena& arena) {
  const std::span<int64_t> copy = arena.Make<int64_t>(shape.size());
  std::copy(shape.begin(), shape.end(), copy.begin());
  copy[0] = static_cast<int64_t>(rows);
  return copy;
}

/// Room for tensors of every type.
std::byte* Room(size_t bytes, Arena& arena) {
  return reinterpret_cast<std::byte*>(arena.Make<uint64_t>((bytes + 7) / 8).data());
}

TensorView Join(std::span<const JointCall> calls, size_t input, size_t rows, Arena& scratch) {
  const TensorView& first = calls[0].inputs[input];
  const size_t row = RowBytes(first);
  std::byte* const room = Room(rows * row, scratch);
  std::byte* at = room;
  for (const JointCall& call : calls) {
    const size_t bytes = call.rows * row;
    if (bytes > 0) std::memcpy(at, call.inputs[input].data, bytes);
    at += bytes;
  }
  return {first.type, WithRows(first.shape, rows, scratch), room};
}

/// Rows [first, first + call.rows) of a joint answer, as the call's own.
TensorView Split(const TensorView& all, size_t first, const JointCall& call) {
  Arena& arena = *call.arena;
  const std::span<const int64_t> shape = WithRows(all.shape, call.rows, arena);
  const size_t row = RowBytes(all);
  const std::byte* const from = static_cast<const std::byte*>(all.data) + first * row;
  if (all.type == DataType::kBytes) {
    const size_t count = call.rows * row / sizeof(std::string_view);
    const auto* texts = reinterpret_cast<const std::string_view*>(from);
    const std::span<std::string_view> own = arena.Make<std::string_view>(count);
    for (size_t i = 0; i < count; ++i) own[i] = arena.Copy(texts[i]);
    return {all.type, shape, own.data()};
  }
  std::byte* const room = Room(call.rows * row, arena);
  if (call.rows * row > 0) std::memcpy(room, from, call.rows * row);
  return {all.type, shape, room};
}

}  // namespace

bool SameTails(std::span<const TensorView> a, std::span<const TensorView> b) {
  return std::ranges::equal(a, b, [](const TensorView& one, const TensorView& other) {
    return one.type == other.type && !one.shape.empty() && !other.shape.empty() &&
           std::ranges::equal(one.shape.subspan(1), other.shape.subspan(1));
  });
}

bool OpenRows(const model::Engine& engine) {
  const auto open = [](const TensorSpec& spec) { return !spec.shape.empty() && spec.shape[0] < 0; };
  return !engine.inputs().empty() && std::ranges::all_of(engine.inputs(), open) &&
         std::ranges::all_of(engine.outputs(), open);
}

namespace {

Status RunThem(const model::Engine& engine, std::span<const JointCall> calls, Arena& scratch,
               EngineRun* times) {
  const double begin = MonotonicSeconds();
  if (calls.size() == 1) {
    QUERN_TRY(engine.Run(calls[0].inputs, *calls[0].arena, calls[0].outputs));
    *times = {calls[0].rows, 0, NanosecondsBetween(begin, MonotonicSeconds()), 0};
    return {};
  }
  size_t rows = 0;
  for (const JointCall& call : calls) rows += call.rows;
  const std::span<TensorView> inputs = scratch.Make<TensorView>(calls[0].inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) inputs[i] = Join(calls, i, rows, scratch);
  const double joined = MonotonicSeconds();
  const std::span<TensorView> outputs = scratch.Make<TensorView>(engine.outputs().size());
  QUERN_TRY(engine.Run(inputs, scratch, outputs));
  const double ran = MonotonicSeconds();
  for (const TensorView& output : outputs) {
    if (output.shape.empty() || output.shape[0] != static_cast<int64_t>(rows)) {
      return Fail(Code::kInternal, "the model answered with another number of rows");
    }
  }
  size_t first = 0;
  for (const JointCall& call : calls) {
    for (size_t i = 0; i < outputs.size(); ++i) call.outputs[i] = Split(outputs[i], first, call);
    first += call.rows;
  }
  *times = {rows, NanosecondsBetween(begin, joined), NanosecondsBetween(joined, ran),
            NanosecondsBetween(ran, MonotonicSeconds())};
  return {};
}

}  // namespace

Status RunJoined(const model::Engine& engine, std::span<const JointCall> calls, Arena& scratch,
                 EngineRun* times) {
  try {
    return RunThem(engine, calls, scratch, times);
  } catch (const std::bad_alloc&) {
    // Others wait for this thread, and an event loop has nobody to catch it.
    return Fail(Code::kUnavailable, "not enough memory for this request");
  }
}

}  // namespace quern::serving
